using System.Globalization;

namespace Btmm.Fuzz.Tests;

/// <summary>
/// Every parser is fed changed input, several at a time: BTMM_FUZZ_SECONDS each (1 unless given; tests/run.sh gives 60), beginning
/// with BTMM_FUZZ_SEED (another one each time unless given), and only BTMM_FUZZ_TARGET when that is given.
/// </summary>
public sealed class FuzzTests
{
    // Each gets a minute of the clock and a share of the processors, so that all of them take a few minutes.
    private const int TargetsPerProcessor = 4;

    public static TheoryData<string, string> Regressions =>
    [
        .. typeof(FuzzTests).Assembly.GetManifestResourceNames()
            .Where(static name => name.StartsWith("regressions/", StringComparison.Ordinal))
            .Select(static name => (Path.GetFileName(Path.GetDirectoryName(name))!, name)),
    ];

    [Fact]
    public void Targets_EveryOne_AcceptsItsCorpus()
    {
        foreach (FuzzTarget target in FuzzTargets.All)
            Assert.All(target.Corpus, input => Assert.True(target.Run([.. input]), $"{target}: {Convert.ToHexStringLower(input)}"));
    }

    [Fact]
    public void Targets_ChangedInput_NeverThrowNorHang()
    {
        int seed = Number("BTMM_FUZZ_SEED") ?? Random.Shared.Next();
        TimeSpan duration = TimeSpan.FromSeconds(Number("BTMM_FUZZ_SECONDS") ?? 1);
        string? only = Environment.GetEnvironmentVariable("BTMM_FUZZ_TARGET");
        FuzzTarget[] targets = [.. FuzzTargets.All.Where(target => only is null || target.Name == only)];
        ITestOutputHelper? output = TestContext.Current.TestOutputHelper;
        output?.WriteLine($"seed {seed}, {duration.TotalSeconds} s for each of {targets.Length} parsers");
        string[] findings = [.. RunAll(targets, seed, duration, output)];
        Assert.True(findings.Length == 0, string.Join('\n', findings));
    }

    [Theory, MemberData(nameof(Regressions))]
    public void Regression_OnceFound_StaysMended(string target, string resource)
    {
        using Stream stream = typeof(FuzzTests).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        FuzzTargets.All.Single(item => item.Name == target).Run(Convert.FromHexString(reader.ReadToEnd().Trim()));
    }

    private static List<string> RunAll(FuzzTarget[] targets, int seed, TimeSpan duration, ITestOutputHelper? output)
    {
        var findings = new List<string>();
        int next = -1;
        Thread[] threads =
        [
            .. Enumerable.Range(0, Math.Min(targets.Length, TargetsPerProcessor * Environment.ProcessorCount)).Select(_ => new Thread(() =>
            {
                while (Interlocked.Increment(ref next) is var index && index < targets.Length)
                {
                    var run = new FuzzRun(targets[index], seed);
                    run.Run(duration);
                    lock (findings)
                    {
                        output?.WriteLine($"{targets[index],-16} seed {seed}: {run.Iterations} inputs, {run.Accepted} accepted{(run.Finding is null ? "" : ", A FINDING")}");
                        if (run.Finding is not null)
                            findings.Add(run.Finding);
                    }
                }
            })),
        ];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return findings;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
