namespace Btmm.Protocol.Dns;

/// <summary>A resource record type. Values not listed are kept as they are (RFC 3597).</summary>
public enum DnsType : ushort
{
    /// <summary>Not a type.</summary>
    None = 0,

    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>A name server of the zone.</summary>
    NS = 2,

    /// <summary>An alias.</summary>
    CNAME = 5,

    /// <summary>The start of a zone of authority.</summary>
    SOA = 6,

    /// <summary>A pointer to another name.</summary>
    PTR = 12,

    /// <summary>Host information.</summary>
    HINFO = 13,

    /// <summary>Text strings.</summary>
    TXT = 16,

    /// <summary>A public key (RFC 2535).</summary>
    KEY = 25,

    /// <summary>An IPv6 address.</summary>
    AAAA = 28,

    /// <summary>A service's place (RFC 2782).</summary>
    SRV = 33,

    /// <summary>EDNS (RFC 6891).</summary>
    OPT = 41,

    /// <summary>A transaction key (RFC 2930).</summary>
    TKEY = 249,

    /// <summary>A transaction signature (RFC 8945).</summary>
    TSIG = 250,

    /// <summary>Query only: incremental zone transfer.</summary>
    IXFR = 251,

    /// <summary>Query only: zone transfer.</summary>
    AXFR = 252,

    /// <summary>Query only: mailbox records (obsolete).</summary>
    MAILB = 253,

    /// <summary>Query only: mail agent records (obsolete).</summary>
    MAILA = 254,

    /// <summary>Query and update only: every type.</summary>
    ANY = 255,
}
