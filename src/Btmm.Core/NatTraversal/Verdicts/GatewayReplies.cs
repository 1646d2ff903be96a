using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What the gateway answered in the port-mapping protocols. Immutable.</summary>
/// <param name="Answers">Its answers, one a protocol, in the order of preference.</param>
/// <param name="Failures">Why there is no answer in the others.</param>
/// <param name="Trial">Whether it maps; null when that was not tried.</param>
internal sealed record GatewayReplies(IReadOnlyList<GatewayAnswer> Answers, IReadOnlyList<BtmmErrorReason> Failures, MappingTrial? Trial)
{
    internal static GatewayReplies None { get; } = new([], [], null);
}
