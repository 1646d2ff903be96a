namespace Btmm.Protocol.Dns.Dso;

/// <summary>What is wrong with bytes that should have been a DSO message.</summary>
public enum DsoParseError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Fewer than the 12 bytes of a header, or another opcode.</summary>
    NotDso,

    /// <summary>A section count is not zero: there are questions or records, such as OPT or TSIG (RFC 8490 §5.4, §5.4.6).</summary>
    HasSections,

    /// <summary>A TLV does not end where the message does, or before it.</summary>
    BadTlv,

    /// <summary>A request or unidirectional message without a TLV (RFC 8490 §5.4.2).</summary>
    NoPrimary,
}
