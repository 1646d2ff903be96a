using System.Diagnostics;
using System.Text;

namespace Btmm.Fuzz.Tests;

/// <summary>
/// Feeds one parser changed input for a while. The sequence of inputs depends on the seed and the parser's name alone. Inputs that
/// were accepted join the corpus, so that changes add up.
/// </summary>
internal sealed class FuzzRun(FuzzTarget target, int seed)
{
    private const int MaxCorpus = 2048;
    private const int MaxShortenings = 2000;

    // Far more than any input needs, even on a busy machine.
    private static readonly TimeSpan s_tooLong = TimeSpan.FromSeconds(20);

    /// <summary>Inputs fed.</summary>
    internal long Iterations { get; private set; }

    /// <summary>Those of them that were accepted.</summary>
    internal long Accepted { get; private set; }

    /// <summary>What was found, with the input and how to repeat it; null for nothing.</summary>
    internal string? Finding { get; private set; }

    internal void Run(TimeSpan duration)
    {
        var corpus = new List<byte[]>(target.Corpus);
        var random = new Random(seed ^ Hash(target.Name));
        var mutator = new FuzzMutator(random, corpus);
        long start = Stopwatch.GetTimestamp();
        while (Finding is null && Stopwatch.GetElapsedTime(start) < duration)
        {
            byte[] input = mutator.Next();
            Iterations++;
            if (!Feed(input))
                continue;
            Accepted++;
            if (corpus.Count < MaxCorpus)
                corpus.Add(input);
            else
                corpus[random.Next(target.Corpus.Count, MaxCorpus)] = input;
        }
    }

    private bool Feed(byte[] input)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            bool isAccepted = target.Run(input);
            if (Stopwatch.GetElapsedTime(start) > s_tooLong && IsSlow(input))
                Report(input, $"It took more than {s_tooLong}, twice.");
            return isAccepted;
        }
        catch (Exception error)
        {
            Report(Shorten(input), error.ToString());
            return false;
        }
    }

    // Other work on the machine may hold a thread up that long, but hardly at the same input again.
    private bool IsSlow(byte[] input)
    {
        long start = Stopwatch.GetTimestamp();
        target.Run(input);
        return Stopwatch.GetElapsedTime(start) > s_tooLong;
    }

    // The same kind of failure with fewer bytes is easier to read.
    private byte[] Shorten(byte[] input)
    {
        int tries = 0;
        for (int size = input.Length / 2; size > 0; size /= 2)
        {
            for (int at = 0; at + size <= input.Length && tries < MaxShortenings; tries++)
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(at + size)];
                if (Fails(shorter))
                    input = shorter;
                else
                    at += size;
            }
        }

        return input;
    }

    private bool Fails(byte[] input)
    {
        try
        {
            target.Run(input);
            return false;
        }
        catch
        {
            return true;
        }
    }

    private void Report(byte[] input, string what)
    {
        var text = new StringBuilder();
        text.AppendLine($"{target.Name}: a finding at input {Iterations} of seed {seed}:");
        text.AppendLine(Convert.ToHexStringLower(input));
        text.AppendLine($"To repeat it: BTMM_FUZZ_SEED={seed} BTMM_FUZZ_TARGET={target.Name} BTMM_FUZZ_SECONDS=600 tests/run.sh Fuzz");
        text.AppendLine($"To keep it, put the line of digits into tests/Btmm.Fuzz.Tests/regressions/{target.Name}/WHAT-IT-SHOWS.hex.");
        text.Append(what);
        Finding = text.ToString();
    }

    // Of the runtime's own hashes none is the same in the next process.
    private static int Hash(string text) => text.Aggregate(17, static (hash, c) => unchecked((hash * 31) + c));
}
