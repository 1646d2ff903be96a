using System.Numerics;

namespace Btmm.Server.Hosting;

/// <summary>
/// Counts durations in buckets whose width is an eighth of the power of two they lie in. Adding takes no lock and never allocates;
/// reading while others add gives what was there at some moment. Thread-safe.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 3;
    private const int Subs = 1 << SubBits;

    // Up to 2^40 ns, 18 minutes; longer ones count as that.
    private const int MaxBits = 40;
    private const int Buckets = (MaxBits - SubBits + 1) * Subs;

    private readonly long[] _counts = new long[Buckets];

    /// <summary>Counts durations of a number of nanoseconds.</summary>
    internal void Add(long nanoseconds, int times) => Interlocked.Add(ref _counts[IndexOf(nanoseconds)], times);

    /// <summary>Adds these counts to a sum; both have <see cref="NewSum"/>'s form.</summary>
    internal void AddTo(long[] sum)
    {
        for (int i = 0; i < Buckets; i++)
            sum[i] += Interlocked.Read(ref _counts[i]);
    }

    internal static long[] NewSum() => new long[Buckets];

    /// <summary>The quantiles of a sum.</summary>
    internal static LatencyQuantiles Quantiles(long[] sum)
    {
        long count = sum.Sum();
        return new LatencyQuantiles(count, Quantile(sum, count, 50), Quantile(sum, count, 90), Quantile(sum, count, 99));
    }

    // The upper end of the bucket in which the wanted one lies.
    private static TimeSpan Quantile(long[] sum, long count, int percent)
    {
        long rank = ((count * percent) + 99) / 100;
        long seen = 0;
        for (int i = 0; i < sum.Length && count > 0; i++)
        {
            seen += sum[i];
            if (seen >= rank)
                return TimeSpan.FromTicks((StartOf(i + 1) + 99) / 100);
        }

        return TimeSpan.Zero;
    }

    private static int IndexOf(long nanoseconds)
    {
        if (nanoseconds < Subs)
            return (int)Math.Max(0, nanoseconds);
        int bits = BitOperations.Log2((ulong)nanoseconds);
        if (bits >= MaxBits)
            return Buckets - 1;
        int sub = (int)(nanoseconds >> (bits - SubBits)) & (Subs - 1);
        return ((bits - SubBits + 1) * Subs) + sub;
    }

    private static long StartOf(int index) =>
        index < Subs ? index : (long)(Subs + (index & (Subs - 1))) << ((index >> SubBits) - 1);
}
