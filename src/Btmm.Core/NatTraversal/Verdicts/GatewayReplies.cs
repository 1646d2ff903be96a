using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What the gateway answered in the port-mapping protocols. Immutable.</summary>
/// <param name="Answers">Its answers, one a protocol, in the order of preference.</param>
/// <param name="Failures">Why there is no answer in the others.</param>
/// <param name="Trials">Whether it maps, by each protocol that was tried.</param>
internal sealed record GatewayReplies(
    IReadOnlyList<GatewayAnswer> Answers, IReadOnlyList<BtmmErrorReason> Failures, IReadOnlyList<MappingTrial> Trials)
{
    internal static GatewayReplies None { get; } = new([], [], []);
}
