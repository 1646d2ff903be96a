using System.Diagnostics.Metrics;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Hosting;

/// <summary>
/// How long answers take, by opcode. Each thread that answers much has a <see cref="Lane"/> of its own, so that none of them waits
/// for another's cache lines. Thread-safe.
/// </summary>
internal sealed class LatencyMetrics
{
    private const int Opcodes = 16;

    private readonly Lock _gate = new();
    private readonly List<Lane> _lanes = [];

    internal LatencyMetrics(Meter meter)
    {
        Shared = NewLane();
        meter.CreateObservableGauge("btmm.server.latency", Observe, "ms", "How long answers took since the start, by opcode and quantile.");
    }

    /// <summary>The lane of everybody who has none of his own.</summary>
    internal Lane Shared { get; }

    internal Lane NewLane()
    {
        var lane = new Lane();
        lock (_gate)
            _lanes.Add(lane);
        return lane;
    }

    /// <summary>The quantiles of the opcodes that were answered, by their names.</summary>
    internal IReadOnlyDictionary<string, LatencyQuantiles> Read()
    {
        Lane[] lanes;
        lock (_gate)
            lanes = [.. _lanes];
        var all = new Dictionary<string, LatencyQuantiles>(StringComparer.Ordinal);
        for (int opcode = 0; opcode < Opcodes; opcode++)
        {
            long[] sum = LatencyHistogram.NewSum();
            foreach (Lane lane in lanes)
                lane.Find((DnsOpcode)opcode)?.AddTo(sum);
            if (LatencyHistogram.Quantiles(sum) is { Count: > 0 } quantiles)
                all[((DnsOpcode)opcode).ToString()] = quantiles;
        }

        return all;
    }

    private IEnumerable<Measurement<double>> Observe()
    {
        foreach ((string opcode, LatencyQuantiles quantiles) in Read())
        {
            foreach ((string name, TimeSpan value) in Named(quantiles))
                yield return new Measurement<double>(value.TotalMilliseconds, new("opcode", opcode), new("quantile", name));
        }
    }

    /// <summary>The quantiles with their names.</summary>
    internal static IEnumerable<(string Name, TimeSpan Value)> Named(LatencyQuantiles quantiles) =>
        [("p50", quantiles.P50), ("p90", quantiles.P90), ("p99", quantiles.P99)];

    /// <summary>What one thread, or several, have answered.</summary>
    internal sealed class Lane
    {
        private readonly LatencyHistogram?[] _histograms = new LatencyHistogram?[Opcodes];

        internal void Add(DnsOpcode opcode, TimeSpan duration, int times = 1)
        {
            ref LatencyHistogram? slot = ref _histograms[(int)opcode & (Opcodes - 1)];
            if (Volatile.Read(ref slot) is null)
                Interlocked.CompareExchange(ref slot, new LatencyHistogram(), null);
            slot!.Add(duration.Ticks * TimeSpan.NanosecondsPerTick, times); // set just now, and never again to null
        }

        internal LatencyHistogram? Find(DnsOpcode opcode) => Volatile.Read(ref _histograms[(int)opcode]);
    }
}
