namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>The end of a PCP exchange.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Response">The answer, when there was one.</param>
/// <param name="Tries">How often the request was sent.</param>
/// <param name="Elapsed">From the first send to the end.</param>
/// <param name="ServerLostState">Whether the answer shows that the server lost its mappings since the last one (RFC 6887 §8.5).</param>
public sealed record PcpOutcome(PcpOutcomeKind Kind, PcpResponse? Response, int Tries, TimeSpan Elapsed, bool ServerLostState);
