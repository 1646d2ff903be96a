namespace Btmm.Core.Peers;

/// <summary>What a <see cref="PublicationState"/> says.</summary>
public enum PublicationKind
{
    /// <summary>Nothing was published yet.</summary>
    Nothing,

    /// <summary>The records are in the zone.</summary>
    Published,

    /// <summary>The last attempt failed; it is tried again.</summary>
    Failed,

    /// <summary>The records were removed on purpose.</summary>
    Withdrawn,
}
