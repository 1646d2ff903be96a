namespace Btmm.Protocol.Dns.Push;

/// <summary>What a change notification says (RFC 8765 §6.3.1).</summary>
public enum PushChangeKind
{
    /// <summary>A record is there.</summary>
    Add,

    /// <summary>A record is gone.</summary>
    Remove,

    /// <summary>All records of a type and class are gone from the name.</summary>
    RemoveSet,

    /// <summary>All records of a class are gone from the name.</summary>
    RemoveClass,

    /// <summary>All records are gone from the name.</summary>
    RemoveName,
}
