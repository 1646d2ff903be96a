using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Hears what a gateway multicasts to 224.0.0.1:5350 or [ff02::1]:5350, in the form of NAT-PMP (RFC 6886 §3.2.1) or of PCP
/// (RFC 6887 §14.1.3), and passes on what came from the gateway's own address. Where the port cannot be had, nothing is heard; the
/// periodic query makes up for it.
/// </summary>
internal sealed class GatewayAnnouncementListener : IAsyncDisposable
{
    /// <summary>A gateway whose epoch has only just begun did lose its state, even when no rule shows it because it had not run for long.</summary>
    private const uint FreshEpochSeconds = 2;

    private static readonly IPAddress s_group = IPAddress.Parse("224.0.0.1");
    private static readonly IPAddress s_group6 = IPAddress.Parse("ff02::1");

    private readonly IPAddress _gateway;
    private readonly Func<uint, bool> _showsLoss;
    private readonly GroupListener _listener;

    /// <summary>Begins to listen.</summary>
    /// <param name="route">The gateway and the interface towards it.</param>
    /// <param name="channels">Where the socket comes from.</param>
    /// <param name="showsLoss">Whether an epoch, by what is known of the gateway, means that it lost its mappings.</param>
    internal GatewayAnnouncementListener(GatewayRoute route, IDatagramChannelFactory channels, Func<uint, bool> showsLoss)
    {
        _gateway = route.Gateway;
        _showsLoss = showsLoss;
        bool isV6 = route.Gateway.AddressFamily == AddressFamily.InterNetworkV6;
        _listener = new GroupListener(channels, isV6 ? Options6(route) : Options(route), PcpConstants.MaxMessageLength, Judge);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <summary>Passes on what was heard in another way.</summary>
    internal void Tell(GatewayAnnouncement announcement) => _listener.Tell(announcement);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // Bound to the group, not to "any", and shared with other clients on this host (RFC 6886 §3.2.1, implementation note).
    private static DatagramChannelOptions Options(GatewayRoute route) => new(
        new IPEndPoint(s_group, NatPmpConstants.AnnouncementPort),
        MulticastGroup: s_group,
        MulticastInterface: route.LocalAddress,
        ReuseAddress: true);

    private static DatagramChannelOptions Options6(GatewayRoute route) => new(
        new IPEndPoint(new IPAddress(s_group6.GetAddressBytes(), route.InterfaceIndex), PcpConstants.AnnouncementPort),
        MulticastGroup: s_group6,
        MulticastInterfaceIndex: route.InterfaceIndex,
        ReuseAddress: true);

    private GatewayAnnouncement? Judge(ReceivedDatagram received, byte[] buffer)
    {
        if (!GatewaySource.IsGateway(_gateway, received.Remote.Address)) return null;
        if (Epoch(buffer.AsSpan(0, received.Length)) is not { } epoch) return null;
        return new GatewayAnnouncement(epoch <= FreshEpochSeconds || _showsLoss(epoch));
    }

    /// <summary>The epoch that an announcement of NAT-PMP or PCP names; null when it is neither.</summary>
    private static uint? Epoch(ReadOnlySpan<byte> message)
    {
        if (NatPmpAnnouncement.TryParse(message, out NatPmpAnnouncement natPmp)) return natPmp.EpochSeconds;
        return PcpAnnouncement.TryParse(message, out PcpAnnouncement pcp) ? pcp.EpochSeconds : null;
    }
}
