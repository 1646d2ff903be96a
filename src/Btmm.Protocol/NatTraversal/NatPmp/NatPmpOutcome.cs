namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>The end of a NAT-PMP exchange.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Response">The answer, when there was one.</param>
/// <param name="Tries">How often the request was sent.</param>
/// <param name="Elapsed">From the first send to the end.</param>
/// <param name="GatewayLostState">Whether the answer shows that the gateway lost its mappings since the last one (§3.6).</param>
public sealed record NatPmpOutcome(
    NatPmpOutcomeKind Kind, NatPmpResponse? Response, int Tries, TimeSpan Elapsed, bool GatewayLostState);
