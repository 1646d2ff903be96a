namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>The end of a STUN transaction. Immutable.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Response">The answer; null unless <see cref="StunOutcomeKind.Answered"/> or <see cref="StunOutcomeKind.Refused"/>.</param>
/// <param name="Tries">How often the request was sent.</param>
/// <param name="Elapsed">From the first sending to the end.</param>
public sealed record StunOutcome(StunOutcomeKind Kind, StunResponse? Response, int Tries, TimeSpan Elapsed);
