namespace Btmm.Core.Peers;

/// <summary>One change of the <see cref="PeerTable"/>.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Peer">The peer afterwards (for Removed: before).</param>
/// <param name="Former">The peer before, for Changed.</param>
public sealed record PeerChange(PeerChangeKind Kind, BtmmPeer Peer, BtmmPeer? Former = null);
