namespace Btmm.Core.Peers;

/// <summary>One change of the <see cref="PeerTable"/>.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Peer">The peer afterwards (for Removed: before).</param>
/// <param name="Former">The peer before, for Changed.</param>
public sealed record PeerChange(PeerChangeKind Kind, BtmmPeer Peer, BtmmPeer? Former = null);

/// <summary>What a <see cref="PeerChange"/> is about.</summary>
public enum PeerChangeKind
{
    /// <summary>A host appeared.</summary>
    Added,

    /// <summary>Its endpoint, identifier or description changed.</summary>
    Changed,

    /// <summary>Its records are gone.</summary>
    Removed,
}
