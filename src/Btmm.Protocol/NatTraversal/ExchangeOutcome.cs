namespace Btmm.Protocol.NatTraversal;

/// <summary>The end of an exchange with a gateway. Immutable.</summary>
/// <typeparam name="TResponse">The protocol's response.</typeparam>
/// <param name="Kind">How it ended.</param>
/// <param name="Response">The answer, be it an error; null unless <see cref="ExchangeOutcomeKind.Answered"/>.</param>
/// <param name="Tries">How often the request was sent.</param>
/// <param name="Elapsed">From the first try to the end.</param>
/// <param name="GatewayLostState">
/// Whether the answer shows that the gateway lost its mappings since the answer before (RFC 6886 §3.6, RFC 6887 §8.5).
/// </param>
public sealed record ExchangeOutcome<TResponse>(
    ExchangeOutcomeKind Kind, TResponse? Response, int Tries, TimeSpan Elapsed, bool GatewayLostState)
    where TResponse : class;
