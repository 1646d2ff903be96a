namespace Btmm.Protocol.Esp;

/// <summary>
/// The anti-replay window of one inbound SA (RFC 4303 §3.4.3, Appendix A2): a ring of 64-bit words, where advancing
/// clears whole words and shifts nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// The order of use is check, verify the packet's ICV, mark: an unauthenticated packet never moves the window.
/// </remarks>
public sealed class ReplayWindow
{
    private const int WordBits = 64;
    private readonly ulong[] _words;
    private readonly ulong _wordMask;

    /// <summary>Makes an empty window.</summary>
    /// <param name="size">Sequence numbers to remember: a power of two, at least 64.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not acceptable.</exception>
    public ReplayWindow(int size = EspConstants.ReplayWindowSize)
    {
        if (size < WordBits || !int.IsPow2(size)) throw new ArgumentOutOfRangeException(nameof(size));
        Size = size;
        // Twice the words: the ring needs at least one more than the window, and a power of two makes the index a mask.
        _words = new ulong[2 * size / WordBits];
        _wordMask = (ulong)_words.Length - 1;
    }

    /// <summary>How many sequence numbers, counted down from <see cref="Highest"/>, are remembered.</summary>
    public int Size { get; }

    /// <summary>The highest sequence number marked; 0 before the first.</summary>
    public ulong Highest { get; private set; }

    /// <summary>
    /// Completes the 32 bits on the wire to the 64-bit sequence number of the subspace in which the packet can only lie
    /// (RFC 4303 §A2.2). A packet that lies before the very first subspace gives 0, which no check accepts.
    /// </summary>
    public ulong Extend(uint low)
    {
        uint top = (uint)Highest;
        uint high = (uint)(Highest >> 32);
        uint bottom = unchecked(top - (uint)Size + 1);
        if (top >= (uint)Size - 1)
        {
            if (low < bottom) high = unchecked(high + 1);
            return high == 0 && (Highest >> 32) != 0 ? 0 : Join(high, low);
        }
        if (low < bottom) return Join(high, low);
        return high == 0 ? 0 : Join(high - 1, low);
    }

    /// <summary>Says whether a sequence number can be accepted; changes nothing.</summary>
    public ReplayVerdict Check(ulong sequence)
    {
        if (sequence == 0) return ReplayVerdict.Seen;
        if (sequence > Highest) return ReplayVerdict.Fresh;
        if (Highest - sequence >= (ulong)Size) return ReplayVerdict.TooOld;
        ulong word = _words[(sequence / WordBits) & _wordMask];
        return (word >> (int)(sequence % WordBits) & 1) == 0 ? ReplayVerdict.Fresh : ReplayVerdict.Seen;
    }

    /// <summary>Marks a sequence number of an authentic packet. True when it is the highest so far.</summary>
    public bool Mark(ulong sequence)
    {
        bool newest = sequence > Highest;
        if (newest)
        {
            Advance(sequence);
        }
        else if (Highest - sequence >= (ulong)Size)
        {
            return false;
        }
        _words[(sequence / WordBits) & _wordMask] |= 1UL << (int)(sequence % WordBits);
        return newest;
    }

    private void Advance(ulong sequence)
    {
        ulong from = Highest / WordBits;
        ulong steps = Math.Min((sequence / WordBits) - from, (ulong)_words.Length);
        for (ulong step = 1; step <= steps; step++) _words[(from + step) & _wordMask] = 0;
        Highest = sequence;
    }

    private static ulong Join(uint high, uint low) => ((ulong)high << 32) | low;
}
