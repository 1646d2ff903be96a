namespace Btmm.Server;

/// <summary>Limits on what clients of a zone service may use up. Immutable.</summary>
public sealed record ZoneServiceLimits
{
    /// <summary>TCP and TLS connections at a time.</summary>
    public int MaxConnections { get; init; } = 4096;

    /// <summary>TCP and TLS connections at a time from one client: an IPv4 address, or an IPv6 network of 64 bits.</summary>
    public int MaxConnectionsPerClient { get; init; } = 64;

    /// <summary>Requests of one connection that wait at a time, such as updates for their commit; then no more is read from it.</summary>
    public int MaxRequestsPerConnection { get; init; } = 64;

    /// <summary>
    /// A connection on which nothing is under way is closed after this time (RFC 7766 §6.2.3), after an eighth of it when most
    /// places are taken.
    /// </summary>
    public TimeSpan ConnectionIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A message begun over a connection must be complete, and 16 KiB of answers taken, within this time.</summary>
    public TimeSpan ConnectionMessageTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What is under way when a connection is closed, or the service stops, is answered within this time or not at all.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>TLS handshakes under way at a time; one more ends the oldest.</summary>
    public int MaxHandshakes { get; init; } = 64;

    /// <summary>A TLS handshake must be done within this time.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Zone transfers at a time; more are answered SERVFAIL, and a secondary comes again.</summary>
    public int MaxTransfers { get; init; } = 16;

    /// <summary>Long-lived queries at a time.</summary>
    public int MaxLongLivedQueries { get; init; } = 100_000;

    /// <summary>Long-lived queries at a time of one client: an IPv4 address, or an IPv6 network of 64 bits.</summary>
    public int MaxLongLivedQueriesPerClient { get; init; } = 512;

    /// <summary>Long-lived queries at a time of one key.</summary>
    public int MaxLongLivedQueriesPerKey { get; init; } = 8192;

    /// <summary>Long-lived queries at a time for one name and type.</summary>
    public int MaxLongLivedQueriesPerName { get; init; } = 4096;

    /// <summary>Subscriptions to DNS Push Notifications at a time.</summary>
    public int MaxPushSubscriptions { get; init; } = 100_000;

    /// <summary>Subscriptions at a time on one connection.</summary>
    public int MaxPushSubscriptionsPerConnection { get; init; } = 1024;

    /// <summary>Subscriptions at a time of one client: an IPv4 address, or an IPv6 network of 64 bits.</summary>
    public int MaxPushSubscriptionsPerClient { get; init; } = 4096;

    /// <summary>Subscriptions at a time by one key.</summary>
    public int MaxPushSubscriptionsPerKey { get; init; } = 8192;

    /// <summary>When a client whose subscription was turned away for one of these limits may come again (RFC 8765 §6.2.2).</summary>
    public TimeSpan PushRetryAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>When a client whose long-lived query was turned away for one of these limits may come again.</summary>
    public TimeSpan LongLivedQueryRetryAfter { get; init; } = TimeSpan.FromMinutes(5);
}
