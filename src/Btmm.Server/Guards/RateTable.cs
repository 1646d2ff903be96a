namespace Btmm.Server.Guards;

/// <summary>
/// Token buckets by hash in a table of fixed size: 65,536 of 8 bytes each, in sets of four, of which a newcomer takes the one that
/// was used longest ago. A bucket that is lost was full again or nearly so, unless somebody uses very many; then it errs on the
/// side of answering. Without locks; thread-safe.
/// </summary>
internal sealed class RateTable
{
    /// <summary>The highest rate, so that a full bucket fits into its bits.</summary>
    internal const int MaxRate = 50_000;

    // A bucket holds what may come at once: the tokens of so many seconds.
    private const int BurstSeconds = 5;

    private const int SetBits = 14;
    private const int Ways = 4;
    private const int TokenBits = 18;
    private const int TimeBits = 28; // in units of 10 ms: a month
    private const int TicksPerSecond = 100;
    private const ulong TokenMask = (1UL << TokenBits) - 1;
    private const ulong TimeMask = (1UL << TimeBits) - 1;
    private const int TagShift = TokenBits + TimeBits;
    private const int MaxTries = 4;

    private readonly ulong[] _buckets = new ulong[Ways << SetBits];

    /// <summary>Takes a token; false when there is none.</summary>
    /// <param name="hash">Whose bucket; of a hash that nobody outside can foresee.</param>
    /// <param name="rate">Tokens a second, at most <see cref="MaxRate"/>.</param>
    /// <param name="now">The time.</param>
    internal bool TryTake(uint hash, int rate, TimeSpan now)
    {
        ulong tag = hash >> SetBits; // 18 bits
        ulong time = (ulong)(1 + (now.Ticks / (TimeSpan.TicksPerSecond / TicksPerSecond))) & TimeMask; // not 0, which is an unused bucket's
        Span<ulong> set = _buckets.AsSpan((int)(hash & ((1 << SetBits) - 1)) * Ways, Ways);
        for (int i = 0; i < MaxTries; i++)
        {
            ref ulong bucket = ref Find(set, tag, time, out bool isOurs);
            ulong before = Volatile.Read(ref bucket);
            if (isOurs && before >> TagShift != tag)
                continue; // somebody else took it meanwhile
            ulong after = Take(isOurs ? before : Pack(tag, time, (ulong)(rate * BurstSeconds)), rate, time, out bool isTaken);
            if (Interlocked.CompareExchange(ref bucket, after, before) == before)
                return isTaken;
        }

        return true;
    }

    private static ref ulong Find(Span<ulong> set, ulong tag, ulong time, out bool isOurs)
    {
        int oldest = 0;
        ulong greatest = 0;
        for (int i = 0; i < set.Length; i++)
        {
            ulong bucket = Volatile.Read(ref set[i]);
            isOurs = bucket != 0 && bucket >> TagShift == tag;
            if (isOurs)
                return ref set[i];
            ulong age = bucket == 0 ? ulong.MaxValue : (time - TimeOf(bucket)) & TimeMask;
            if (age > greatest)
                (oldest, greatest) = (i, age);
        }

        isOurs = false;
        return ref set[oldest];
    }

    private static ulong Take(ulong bucket, int rate, ulong time, out bool isTaken)
    {
        ulong elapsed = (time - TimeOf(bucket)) & TimeMask;
        ulong full = (ulong)(rate * BurstSeconds);
        ulong earned = elapsed * (ulong)rate / TicksPerSecond;
        ulong tokens = Math.Min(full, (bucket & TokenMask) + earned);
        // What is not a whole token yet stays with the time.
        ulong stamp = tokens == full ? time : (TimeOf(bucket) + (earned * TicksPerSecond / (ulong)rate)) & TimeMask;
        isTaken = tokens > 0;
        return Pack(bucket >> TagShift, stamp, isTaken ? tokens - 1 : 0);
    }

    private static ulong TimeOf(ulong bucket) => (bucket >> TokenBits) & TimeMask;

    private static ulong Pack(ulong tag, ulong time, ulong tokens) => (tag << TagShift) | (time << TokenBits) | tokens;
}
