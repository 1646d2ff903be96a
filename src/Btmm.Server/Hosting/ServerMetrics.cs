using System.Diagnostics.Metrics;

namespace Btmm.Server.Hosting;

/// <summary>Counts what a service does, for its status and for the meter "Btmm.Server". Thread-safe.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly Meter _meter = new("Btmm.Server");
    private readonly long[] _values = new long[Enum.GetValues<ServerCount>().Length];

    internal ServerMetrics()
    {
        Latency = new LatencyMetrics(_meter);
        foreach (ServerCount count in Enum.GetValues<ServerCount>())
            _meter.CreateObservableCounter($"btmm.server.{NameOf(count)}", () => Read(count));
    }

    /// <summary>How long answers take.</summary>
    internal LatencyMetrics Latency { get; }

    /// <summary>Publishes what there is of something at a moment.</summary>
    internal void Observe(string name, Func<long> read) => _meter.CreateObservableGauge($"btmm.server.{name}", read);

    internal void Add(ServerCount count, long amount = 1) => Interlocked.Add(ref _values[(int)count], amount);

    internal long Read(ServerCount count) => Interlocked.Read(ref _values[(int)count]);

    internal ZoneServiceCounters Snapshot() => new(
        Queries: Read(ServerCount.Queries),
        Updates: Read(ServerCount.Updates),
        UpdatesApplied: Read(ServerCount.UpdatesApplied),
        Refused: Read(ServerCount.Refused),
        SignatureFailures: Read(ServerCount.SignatureFailures),
        Malformed: Read(ServerCount.Malformed),
        LeasesExpired: Read(ServerCount.LeasesExpired),
        EventsSent: Read(ServerCount.EventsSent),
        EventsUnanswered: Read(ServerCount.EventsUnanswered),
        Commits: Read(ServerCount.Commits),
        CommitsOvertaken: Read(ServerCount.CommitsOvertaken),
        StoreFailures: Read(ServerCount.StoreFailures),
        UpdatesDropped: Read(ServerCount.UpdatesDropped),
        UpdatesOverQuota: Read(ServerCount.UpdatesOverQuota),
        FullTransfers: Read(ServerCount.FullTransfers),
        IncrementalTransfers: Read(ServerCount.IncrementalTransfers),
        NotifiesSent: Read(ServerCount.NotifiesSent),
        NotifiesUnanswered: Read(ServerCount.NotifiesUnanswered),
        ResponsesLimited: Read(ServerCount.ResponsesLimited))
    {
        PushesSent = Read(ServerCount.PushesSent),
        SubscriptionsTurnedAway = Read(ServerCount.SubscriptionsTurnedAway),
        Reconfirmations = Read(ServerCount.Reconfirmations),
    };

    /// <summary>Everything that is counted, by name.</summary>
    internal IReadOnlyDictionary<string, long> ByName() => Enum.GetValues<ServerCount>().ToDictionary(static count => count.ToString(), Read);

    public void Dispose() => _meter.Dispose();

    private static string NameOf(ServerCount count) =>
        string.Concat(count.ToString().Select((c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
