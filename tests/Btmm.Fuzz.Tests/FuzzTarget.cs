namespace Btmm.Fuzz.Tests;

/// <summary>A parser and what to begin with.</summary>
/// <param name="Name">Its name, also of its folder of regressions.</param>
/// <param name="Corpus">Good input.</param>
/// <param name="Run">
/// Feeds it one input; true when that was accepted, which makes it worth changing further. An exception, or a failed assertion
/// about what was read, is a finding.
/// </param>
public sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Func<byte[], bool> Run)
{
    public override string ToString() => Name;
}
