using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>A way to the internet whose routers are known; those left empty do not answer.</summary>
internal sealed class FakeHopFinder(TimeProvider time, params string?[] hops) : IHopFinder
{
    internal List<(IPAddress Destination, int Hops)> Asked { get; } = [];

    /// <summary>How many hops away the destination itself is; 0 for far away.</summary>
    internal int DestinationAt { get; set; }

    /// <summary>What it throws in the end; null for nothing.</summary>
    internal Exception? Fault { get; init; }

    public async ValueTask<HopAnswer?> ProbeAsync(IPAddress destination, int hops1, TimeSpan timeout, CancellationToken cancellationToken)
    {
        lock (Asked) Asked.Add((destination, hops1));
        string? hop = hops.ElementAtOrDefault(hops1 - 1);
        await Task.Delay(hop is null ? timeout : TimeSpan.FromMilliseconds(2), time, cancellationToken);
        if (Fault is { } fault) throw fault;
        return hop is null ? null : new HopAnswer(IPAddress.Parse(hop), hops1 == DestinationAt, TimeSpan.FromMilliseconds(2));
    }
}
