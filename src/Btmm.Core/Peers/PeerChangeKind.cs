namespace Btmm.Core.Peers;

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
