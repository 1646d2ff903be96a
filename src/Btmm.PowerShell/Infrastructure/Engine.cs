using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Platform.Linux;
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
    public static INameServerSource Resolvers { get; } = new ResolvConf();

    /// <summary>Watches a zone's record sets; the caller disposes it.</summary>
    public static ZoneWatcher CreateRecordWatcher(ZoneLocator zone, DnsClient client) =>
        new(zone, client, new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System);
}
