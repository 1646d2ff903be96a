using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Output;

/// <summary>A running zone service at one moment.</summary>
public sealed class BtmmDnsServer
{
    internal BtmmDnsServer(ZoneServerInfo info, ServerTarget target)
    {
        Info = info;
        Job = target.Job;
        ControlPath = target.ControlPath;
    }

    /// <summary>The job that runs it; null for a service in another process.</summary>
    public BtmmDnsServerJob? Job { get; }

    /// <summary>The control socket that was asked; null for a job.</summary>
    public string? ControlPath { get; }

    /// <summary>Where it answers, by UDP and TCP.</summary>
    public string[] EndPoints => [.. Info.Endpoints];

    /// <summary>Where it answers by TLS.</summary>
    public string[] TlsEndPoints => [.. Info.TlsEndpoints];

    /// <summary>Further UDP endpoints for long-lived queries.</summary>
    public string[] LongLivedQueryEndPoints => [.. Info.LongLivedQueryEndpoints];

    /// <summary>When it began to answer.</summary>
    public DateTimeOffset StartedAt => Info.StartedAt;

    /// <summary>How long it has been answering.</summary>
    public TimeSpan Uptime => TimeProvider.System.GetUtcNow() - Info.StartedAt;

    /// <summary>Zones served.</summary>
    public int Zones => Info.Zones;

    /// <summary>Records in all zones.</summary>
    public int Records => Info.Records;

    /// <summary>Keys known.</summary>
    public int Keys => Info.Keys;

    /// <summary>TCP and TLS connections open.</summary>
    public int Connections => Info.Connections;

    /// <summary>Long-lived queries established.</summary>
    public int LongLivedQueries => Info.LongLivedQueries;

    /// <summary>DNS Push subscriptions.</summary>
    public int PushSubscriptions => Info.PushSubscriptions;

    /// <summary>Where the records are kept.</summary>
    public string Store => Info.Store;

    /// <summary>Why the store's latest commit failed; null when it did not.</summary>
    public string? StoreFailure => Info.StoreFailure;

    /// <summary>When the first commit in a row failed.</summary>
    public DateTimeOffset? StoreFailingSince => Info.StoreFailingSince;

    /// <summary>What it has done since its start, by the names of its counters.</summary>
    public IReadOnlyDictionary<string, long> Counters => Info.Counters;

    /// <summary>How long answers took, by kind of request and quantile, milliseconds.</summary>
    public IReadOnlyDictionary<string, double> Latency => Info.Latency;

    /// <summary>The process it runs in.</summary>
    public int ProcessId => Info.ProcessId;

    /// <summary>Its version.</summary>
    public string Version => Info.Version;

    private ZoneServerInfo Info { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", EndPoints);
}
