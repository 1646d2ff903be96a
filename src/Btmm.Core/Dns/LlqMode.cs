namespace Btmm.Core.Dns;

/// <summary>How an <see cref="LlqClient"/> learns of changes now.</summary>
public enum LlqMode
{
    /// <summary>The zone's servers are being looked for, or do not answer.</summary>
    Searching,

    /// <summary>The server tells of changes by itself, by datagrams.</summary>
    LongLivedQueries,

    /// <summary>The server tells of changes by itself, over a TLS connection.</summary>
    LongLivedQueriesOverTls,

    /// <summary>The zone has no long-lived queries; its serial and record sets are asked for.</summary>
    Polling,
}
