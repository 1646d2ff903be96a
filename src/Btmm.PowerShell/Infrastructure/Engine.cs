using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Joins the engine's parts to this host's sockets and clock.</summary>
internal static class Engine
{
    /// <summary>The port of DNS, UDP and TCP.</summary>
    public const int DnsPort = 53;

    /// <summary>A DNS client on real sockets.</summary>
    public static DnsClient CreateDnsClient() =>
        new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    /// <summary>The resolvers that this host is configured to use.</summary>
    public static INameServerSource Resolvers { get; } = new ConfiguredResolvers();

    private sealed class ConfiguredResolvers : INameServerSource
    {
        public IReadOnlyList<IPEndPoint> GetNameServers() =>
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .SelectMany(i => i.GetIPProperties().DnsAddresses)
                .Where(a => !a.IsIPv6SiteLocal)
                .Distinct()
                .Select(a => new IPEndPoint(a, DnsPort)),
        ];
    }
}
