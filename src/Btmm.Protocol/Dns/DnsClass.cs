namespace Btmm.Protocol.Dns;

/// <summary>A resource record class.</summary>
public enum DnsClass : ushort
{
    /// <summary>The Internet.</summary>
    IN = 1,

    /// <summary>Chaos; used for server diagnostics.</summary>
    CH = 3,

    /// <summary>UPDATE only: "not" (RFC 2136 §2.4, §2.5).</summary>
    NONE = 254,

    /// <summary>Query and update only: every class.</summary>
    ANY = 255,
}
