namespace Btmm.Protocol.Dns.Edns;

/// <summary>Why an answer is what it is, beyond its response code (RFC 8914 §5.2): the codes that are used here.</summary>
public enum ExtendedDnsError : ushort
{
    /// <summary>Something that has no code of its own.</summary>
    Other = 0,

    /// <summary>The server cannot answer yet, or not at this moment.</summary>
    NotReady = 14,

    /// <summary>The asker may not have this.</summary>
    Prohibited = 18,

    /// <summary>The server is not responsible for this name.</summary>
    NotAuthoritative = 20,

    /// <summary>The server does not do this.</summary>
    NotSupported = 21,
}
