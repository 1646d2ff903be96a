namespace Btmm.Protocol.Dns.Zone;

/// <summary>A part of a record's data, as it is written in a zone file and on the wire.</summary>
internal enum RdataField : byte
{
    /// <summary>A number of 8 bits.</summary>
    Number8,

    /// <summary>A number of 16 bits.</summary>
    Number16,

    /// <summary>A number of 32 bits.</summary>
    Number32,

    /// <summary>Seconds, 32 bits; may be written with units.</summary>
    Seconds,

    /// <summary>A domain name.</summary>
    Name,

    /// <summary>A string with its length in front.</summary>
    Text,

    /// <summary>All further strings, at least one.</summary>
    Texts,

    /// <summary>A string with its length in front, written without quotes: letters and digits only (RFC 8659 §4.1).</summary>
    Tag,

    /// <summary>A string that is all the rest, without length.</summary>
    TextToEnd,

    /// <summary>The rest in hexadecimal, in any number of words.</summary>
    Hex,

    /// <summary>The rest in base64, in any number of words.</summary>
    Base64,

    /// <summary>An IPv4 address.</summary>
    Address4,

    /// <summary>An IPv6 address.</summary>
    Address6,
}
