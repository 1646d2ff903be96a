using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Joins the engine's parts to this host's sockets and clock.</summary>
internal static class Engine
{
    /// <summary>The port of DNS, UDP and TCP.</summary>
    public const int DnsPort = 53;

    /// <summary>A DNS client on real sockets.</summary>
    public static DnsClient CreateDnsClient() =>
        new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    /// <summary>This host's default route.</summary>
    /// <exception cref="BtmmException">NoGateway: there is none. NotImplemented: not on this system.</exception>
    public static GatewayRoute FindGateway() =>
        OperatingSystem.IsLinux()
            ? new NetlinkGatewayFinder().FindDefault() ?? throw NoGateway()
            : throw new BtmmException(BtmmErrorReason.NotImplemented, "The gateway is found on Linux only, so far.", "Give -Gateway.");

    private static BtmmException NoGateway() =>
        new(BtmmErrorReason.NoGateway, "There is no default gateway.", "Connect this host to a network, or give -Gateway.");

    /// <summary>A NAT-PMP client on real sockets.</summary>
    public static NatPmpClient CreateNatPmpClient(IPAddress gateway, TimeSpan timeout) =>
        new(gateway, new UdpDatagramChannelFactory(), TimeProvider.System) { MaxTries = TriesWithin(timeout) };

    // The waits between tries double from a quarter of a second (RFC 6886 §3.1): n tries take 0.25 s × (2^n − 1).
    private static int TriesWithin(TimeSpan time) =>
        Math.Clamp((int)Math.Ceiling(Math.Log2((time.TotalSeconds / 0.25) + 1)), 1, NatPmpConstants.MaxTries);

    /// <summary>The resolvers that this host is configured to use.</summary>
    public static INameServerSource Resolvers { get; } = new ResolvConf();

    /// <summary>Watches a zone's record sets; the caller disposes it.</summary>
    public static ZoneWatcher CreateRecordWatcher(ZoneLocator zone, DnsClient client) =>
        new(zone, client, new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System);
}
