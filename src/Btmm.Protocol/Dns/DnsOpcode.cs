namespace Btmm.Protocol.Dns;

/// <summary>The kind of a DNS message.</summary>
public enum DnsOpcode : byte
{
    /// <summary>A standard query.</summary>
    Query = 0,

    /// <summary>Server status request.</summary>
    Status = 2,

    /// <summary>A zone change notification (RFC 1996).</summary>
    Notify = 4,

    /// <summary>A dynamic update (RFC 2136).</summary>
    Update = 5,

    /// <summary>DNS Stateful Operations (RFC 8490).</summary>
    Dso = 6,
}
