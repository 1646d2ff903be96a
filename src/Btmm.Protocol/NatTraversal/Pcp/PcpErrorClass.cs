namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>How long an error can be expected to last (RFC 6887 §7.4).</summary>
public enum PcpErrorClass
{
    /// <summary>No error.</summary>
    None,

    /// <summary>It may pass soon: 30 s unless the answer says otherwise.</summary>
    Short,

    /// <summary>It stays until somebody changes something: 30 min unless the answer says otherwise.</summary>
    Long,

    /// <summary>As long as the answer says; it depends on why.</summary>
    AsAnswered,
}
