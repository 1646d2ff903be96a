namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What one step of an examination brought. Immutable.</summary>
/// <param name="Step">Which step.</param>
/// <param name="Who">Who was asked, or answered: an address, and the protocol or port where that matters.</param>
/// <param name="Answer">What was answered, in a few words.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record GatewayEvidence(GatewayStep Step, string Who, string Answer, TimeSpan Elapsed)
{
    /// <summary>The evidence in one line.</summary>
    public override string ToString() => FormattableString.Invariant($"{Step}: {Who}: {Answer} ({Elapsed.TotalMilliseconds:F0} ms)");
}
