using System.Net;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What the look for routers brought. Immutable.</summary>
/// <param name="Routers">The routers one, two and three hops away; null where none answered or the way ends.</param>
/// <param name="ReachesDestination">Whether the destination itself answered: the way is that short, and what was sent gets there.</param>
internal sealed record HopFacts(IReadOnlyList<IPAddress?> Routers, bool ReachesDestination)
{
    internal static HopFacts None { get; } = new([], false);
}
