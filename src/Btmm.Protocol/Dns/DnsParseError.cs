namespace Btmm.Protocol.Dns;

/// <summary>What is wrong with bytes that should have been a DNS message.</summary>
public enum DnsParseError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Fewer than the 12 bytes of a header.</summary>
    HeaderTooShort,

    /// <summary>A section claims more entries than the bytes left could hold (RFC 9267 §6).</summary>
    CountTooLarge,

    /// <summary>The message ends inside an entry.</summary>
    Truncated,

    /// <summary>A name is malformed: label or name too long, reserved label type, or a pointer that does not go back to a label (RFC 9267 §2-4).</summary>
    BadName,

    /// <summary>RDLENGTH and the record's data disagree (RFC 9267 §5).</summary>
    BadData,

    /// <summary>More than one OPT record, or one outside Additional or not owned by the root (RFC 6891 §6.1.1).</summary>
    BadOpt,

    /// <summary>A TSIG record that is not the last of the message, or has the wrong class or TTL (RFC 8945 §5.1).</summary>
    BadTsig,

    /// <summary>Bytes follow the last record.</summary>
    TrailingBytes,
}
