using Btmm.Core.Peers;
using Btmm.Core.Tunnel.Sessions;

namespace Btmm.Core.Node;

/// <summary>A peer and the tunnel to it. Immutable.</summary>
/// <param name="Peer">What the zone says.</param>
/// <param name="Tunnel">The tunnel; null before the first attempt.</param>
/// <param name="SinceHeard">Age of the last authenticated packet; null when there was none.</param>
public sealed record NodePeerStatus(BtmmPeer Peer, TunnelStatus? Tunnel, TimeSpan? SinceHeard)
{
    /// <summary>After this long without an authenticated packet a tunnel does not count as healthy, whatever its state says.</summary>
    public static readonly TimeSpan HealthyWithin = TimeSpan.FromSeconds(90);

    /// <summary>Whether the tunnel works, judged by what was really heard from the peer.</summary>
    public bool IsHealthy => Tunnel?.State == TunnelState.Up && SinceHeard < HealthyWithin;
}
