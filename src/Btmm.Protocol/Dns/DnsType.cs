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

    /// <summary>A mail exchange.</summary>
    MX = 15,

    /// <summary>Text strings.</summary>
    TXT = 16,

    /// <summary>A responsible person (RFC 1183).</summary>
    RP = 17,

    /// <summary>An AFS database server (RFC 1183).</summary>
    AFSDB = 18,

    /// <summary>A public key (RFC 2535).</summary>
    KEY = 25,

    /// <summary>An IPv6 address.</summary>
    AAAA = 28,

    /// <summary>A service's place (RFC 2782).</summary>
    SRV = 33,

    /// <summary>A naming authority pointer (RFC 3403).</summary>
    NAPTR = 35,

    /// <summary>An alias for everything below a name (RFC 6672).</summary>
    DNAME = 39,

    /// <summary>EDNS (RFC 6891).</summary>
    OPT = 41,

    /// <summary>The hash of a child zone's key (RFC 4034).</summary>
    DS = 43,

    /// <summary>The hash of an SSH host key (RFC 4255).</summary>
    SSHFP = 44,

    /// <summary>A zone's key (RFC 4034).</summary>
    DNSKEY = 48,

    /// <summary>What a TLS server's certificate must match (RFC 6698).</summary>
    TLSA = 52,

    /// <summary>The same for S/MIME (RFC 8162).</summary>
    SMIMEA = 53,

    /// <summary>A child's wish for its DS (RFC 7344).</summary>
    CDS = 59,

    /// <summary>A child's wish for its DS, as a key (RFC 7344).</summary>
    CDNSKEY = 60,

    /// <summary>An OpenPGP key (RFC 7929).</summary>
    OPENPGPKEY = 61,

    /// <summary>Text strings, for mail (obsolete, RFC 7208 §3.1).</summary>
    SPF = 99,

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

    /// <summary>Where a service is, as a URI (RFC 7553).</summary>
    URI = 256,

    /// <summary>Who may issue certificates (RFC 8659).</summary>
    CAA = 257,
}
