namespace Btmm.Core.Peers;

/// <summary>How changes of the zone are learnt of now.</summary>
public enum WatchMode
{
    /// <summary>The zone's servers are being looked for, or do not answer.</summary>
    Searching,

    /// <summary>The server tells of changes by DNS Push Notifications, over a TLS connection.</summary>
    Push,

    /// <summary>The server tells of changes by long-lived queries, over a TLS connection.</summary>
    LongLivedQueriesOverTls,

    /// <summary>The server tells of changes by long-lived queries, by datagrams.</summary>
    LongLivedQueries,

    /// <summary>The zone has neither; its serial and record sets are asked for.</summary>
    Polling,
}
