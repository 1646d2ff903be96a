using System.Net;

namespace Btmm.Server;

/// <summary>What a zone service looks like at one moment. Immutable.</summary>
/// <param name="IsRunning">Whether it answers.</param>
/// <param name="Endpoints">Where it answers, with the ports in use.</param>
/// <param name="LongLivedQueryEndpoints">Further endpoints for long-lived queries.</param>
/// <param name="Zones">Its zones.</param>
/// <param name="LongLivedQueries">Long-lived queries established.</param>
/// <param name="Connections">TCP connections open.</param>
/// <param name="Counters">What happened since the start.</param>
/// <param name="Store">Whether its store takes changes.</param>
public sealed record ZoneServiceStatus(
    bool IsRunning,
    IReadOnlyList<IPEndPoint> Endpoints,
    IReadOnlyList<IPEndPoint> LongLivedQueryEndpoints,
    IReadOnlyList<ZoneStatus> Zones,
    int LongLivedQueries,
    int Connections,
    ZoneServiceCounters Counters,
    ZoneStoreStatus Store)
{
    /// <summary>DNS Push subscriptions.</summary>
    public int PushSubscriptions { get; init; }

    /// <summary>When it began to answer.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>How long answers took, by the name of their opcode; only those that were answered.</summary>
    public IReadOnlyDictionary<string, LatencyQuantiles> Latency { get; init; } = new Dictionary<string, LatencyQuantiles>();
}
