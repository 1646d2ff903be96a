namespace Btmm.Core.Administration;

/// <summary>A running zone service at one moment. Immutable.</summary>
public sealed record ZoneServerInfo
{
    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>The process it runs in.</summary>
    public int ProcessId { get; init; }

    /// <summary>When it began to answer.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Where it answers, by UDP and TCP.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>Further UDP endpoints for long-lived queries.</summary>
    public IReadOnlyList<string> LongLivedQueryEndpoints { get; init; } = [];

    /// <summary>Where it answers by TLS.</summary>
    public IReadOnlyList<string> TlsEndpoints { get; init; } = [];

    /// <summary>Where the records are kept, for people.</summary>
    public required string Store { get; init; }

    /// <summary>Why the store's latest commit failed; null when it did not. Updates are answered SERVFAIL meanwhile.</summary>
    public string? StoreFailure { get; init; }

    /// <summary>When the first commit in a row failed.</summary>
    public DateTimeOffset? StoreFailingSince { get; init; }

    /// <summary>Zones served.</summary>
    public int Zones { get; init; }

    /// <summary>Records in all zones.</summary>
    public int Records { get; init; }

    /// <summary>Keys known.</summary>
    public int Keys { get; init; }

    /// <summary>Connections open.</summary>
    public int Connections { get; init; }

    /// <summary>Long-lived queries established.</summary>
    public int LongLivedQueries { get; init; }

    /// <summary>DNS Push subscriptions.</summary>
    public int PushSubscriptions { get; init; }

    /// <summary>What it has done since its start, by the names of its counters.</summary>
    public IReadOnlyDictionary<string, long> Counters { get; init; } = new Dictionary<string, long>();

    /// <summary>How long answers took, by kind of request and quantile ("Query.p99"), milliseconds.</summary>
    public IReadOnlyDictionary<string, double> Latency { get; init; } = new Dictionary<string, double>();
}
