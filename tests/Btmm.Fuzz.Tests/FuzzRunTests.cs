namespace Btmm.Fuzz.Tests;

/// <summary>The fuzzer itself.</summary>
public sealed class FuzzRunTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly FuzzTarget s_weak = new(
        "weak",
        ["a good input"u8.ToArray()],
        static input => input.AsSpan().IndexOf((byte)0xFF) is var at && at >= 0 && at + 1 < input.Length && input[at + 1] == 0xC0
            ? throw new InvalidOperationException("found")
            : input.Length > 4);

    [Fact]
    public void Run_WeakParser_IsFoundShortenedAndToldHowToRepeat()
    {
        var run = new FuzzRun(s_weak, seed: 7);
        run.Run(s_patience);
        Assert.NotNull(run.Finding);
        string[] lines = run.Finding.Split(Environment.NewLine);
        Assert.StartsWith($"weak: a finding at input {run.Iterations} of seed 7", lines[0], StringComparison.Ordinal);
        Assert.Equal("ffc0", lines[1]);
        Assert.Contains("BTMM_FUZZ_SEED=7 BTMM_FUZZ_TARGET=weak", lines[2], StringComparison.Ordinal);
        Assert.Contains("found", run.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SameSeed_FindsTheSameAtTheSameInput()
    {
        var first = new FuzzRun(s_weak, seed: 11);
        var second = new FuzzRun(s_weak, seed: 11);
        first.Run(s_patience);
        second.Run(s_patience);
        Assert.NotNull(first.Finding);
        Assert.Equal((first.Iterations, first.Accepted), (second.Iterations, second.Accepted));
    }
}
