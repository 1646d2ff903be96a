using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Joins the engine's parts to this host's sockets and clock.</summary>
internal static class Engine
{
    private const int DnsPort = 53;

    /// <summary>A DNS client on real sockets.</summary>
    public static DnsClient CreateDnsClient() =>
        new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    /// <summary>The resolvers that this host is configured to use.</summary>
    public static IReadOnlyList<IPEndPoint> GetResolvers() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
            .SelectMany(i => i.GetIPProperties().DnsAddresses)
            .Where(a => !a.IsIPv6SiteLocal)
            .Distinct()
            .Select(a => new IPEndPoint(a, DnsPort)),
    ];

    /// <summary>The endpoints of servers given by name or address.</summary>
    public static async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(IEnumerable<ZoneServer> servers, CancellationToken cancellationToken)
    {
        var endpoints = new List<IPEndPoint>();
        foreach (ZoneServer server in servers)
            endpoints.AddRange(await new HostPort(server.Host, server.Port).ResolveAsync(DnsPort, cancellationToken).ConfigureAwait(false));
        return endpoints;
    }

    /// <summary>The endpoints of a zone's servers: those given, else those that its SRV records name.</summary>
    public static Task<IReadOnlyList<IPEndPoint>> FindServersAsync(ZoneAccess zone, bool isUpdate, CancellationToken cancellationToken)
    {
        if (zone.Servers.Count > 0) return ResolveAsync(zone.Servers, cancellationToken);
        throw new BtmmException(BtmmErrorReason.ZoneServiceNotFound, $"No server of {zone.Zone} is known {isUpdate}.", "Name one with -Server.");
    }
}
