namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>What a UPnP error means for whoever wants a mapping.</summary>
public enum IgdErrorKind
{
    /// <summary>It failed, and the gateway does not say why (501 and the like): perhaps it has no connection, perhaps no room.</summary>
    Failed,

    /// <summary>The gateway does not know the action (401, 602).</summary>
    UnknownAction,

    /// <summary>The gateway does not like the arguments (402, 600, 601, 605): often a lease other than 0.</summary>
    InvalidArguments,

    /// <summary>The gateway may not or will not do it for this host (606; 403, 604).</summary>
    NotAuthorized,

    /// <summary>There is no such mapping (714, 730; 713 for a list's end).</summary>
    NoSuchEntry,

    /// <summary>The external port is taken (718), or used by the gateway itself (729).</summary>
    Conflict,

    /// <summary>The external port has to be the internal one (724).</summary>
    SamePortOnly,

    /// <summary>There are only mappings that last until they are deleted (725).</summary>
    PermanentOnly,

    /// <summary>No port is free, or no memory (728, 603).</summary>
    OutOfResources,

    /// <summary>
    /// The gateway maps only what is never asked for here, such as all ports at once, or wants a wildcard where it gets none
    /// (715, 716, 726, 727, 732).
    /// </summary>
    Wildcard,
}
