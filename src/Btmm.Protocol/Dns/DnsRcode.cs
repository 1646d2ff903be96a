namespace Btmm.Protocol.Dns;

/// <summary>
/// A response code: 4 bits in the header, 12 with EDNS. Values from 16 that TSIG uses in its own error field are in
/// <see cref="TsigError"/>.
/// </summary>
public enum DnsRcode : ushort
{
    /// <summary>Success.</summary>
    NoError = 0,

    /// <summary>The server could not understand the request.</summary>
    FormErr = 1,

    /// <summary>The server failed.</summary>
    ServFail = 2,

    /// <summary>The name does not exist; in UPDATE: a name that should exist does not.</summary>
    NXDomain = 3,

    /// <summary>The server does not implement the operation.</summary>
    NotImp = 4,

    /// <summary>The server refuses the operation.</summary>
    Refused = 5,

    /// <summary>UPDATE: a name that should not exist does.</summary>
    YXDomain = 6,

    /// <summary>UPDATE: an RRset that should not exist does.</summary>
    YXRRSet = 7,

    /// <summary>UPDATE: an RRset that should exist does not.</summary>
    NXRRSet = 8,

    /// <summary>The server is no authority for the zone, or the requestor is not authenticated (see the TSIG error).</summary>
    NotAuth = 9,

    /// <summary>UPDATE: a name lies outside the zone.</summary>
    NotZone = 10,

    /// <summary>DSO: the TLV type is not implemented (RFC 8490).</summary>
    DsoTypeNI = 11,

    /// <summary>EDNS: the version is not implemented (RFC 6891).</summary>
    BadVers = 16,

    /// <summary>The server cookie is missing or wrong (RFC 7873).</summary>
    BadCookie = 23,
}
