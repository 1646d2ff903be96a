namespace Btmm.Protocol.Dns.Edns;

/// <summary>The error field of the LLQ option (RFC 8764 §3.2).</summary>
public enum LlqError : ushort
{
    /// <summary>No error.</summary>
    NoError = 0,

    /// <summary>The server is full; the lease field says after how many seconds to try again.</summary>
    ServFull = 1,

    /// <summary>The data does not change; do not poll either.</summary>
    Static = 2,

    /// <summary>The request was malformed.</summary>
    FormatErr = 3,

    /// <summary>The id is unknown or the query has expired.</summary>
    NoSuchLlq = 4,

    /// <summary>The version is not supported.</summary>
    BadVers = 5,

    /// <summary>Another error.</summary>
    UnknownErr = 6,
}
