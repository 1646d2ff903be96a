namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What the look for a sign-in page brought. Immutable.</summary>
/// <param name="Sign">How sure it is.</param>
/// <param name="Location">Where it leads, printable and short; null when it does not say.</param>
internal sealed record PortalFacts(PortalSign Sign, string? Location)
{
    internal static PortalFacts None { get; } = new(PortalSign.None, null);
}
