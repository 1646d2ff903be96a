namespace Btmm.Core.Contracts;

/// <summary>
/// The unit that the packet path passes along: one pinned buffer and a list of segments in it.
/// Not thread-safe; exactly one owner at a time.
/// </summary>
/// <remarks>
/// A segment is one packet or datagram, or, when <see cref="PacketSegment.SegmentSize"/> is not 0, a super-packet of
/// equal pieces of that size (the last may be shorter). Every segment that a device or socket reads has at least
/// <see cref="Headroom"/> free bytes before it and <see cref="Tailroom"/> after it, so that it can be sealed in place.
/// </remarks>
public sealed class PacketBatch
{
    /// <summary>Free bytes kept before each segment: SPI, sequence number and IV of ESP, or a virtio-net header.</summary>
    public const int Headroom = 64;

    /// <summary>Free bytes kept after each segment: ESP padding, pad length, next header and a 16-byte ICV.</summary>
    public const int Tailroom = 64;

    private readonly PacketSegment[] _segments;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">Bytes in the buffer.</param>
    /// <param name="maxSegments">The most segments the batch can hold.</param>
    public PacketBatch(int capacity, int maxSegments)
    {
        Buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        _segments = new PacketSegment[maxSegments];
    }

    /// <summary>The pinned buffer.</summary>
    public byte[] Buffer { get; }

    /// <summary>How many segments the batch holds.</summary>
    public int Count { get; private set; }

    /// <summary>The most segments the batch can hold.</summary>
    public int MaxSegments => _segments.Length;

    /// <summary>Segment <paramref name="index"/>, by reference so that stages can move its bounds.</summary>
    public ref PacketSegment this[int index] => ref _segments[index];

    /// <summary>The bytes of segment <paramref name="index"/>.</summary>
    public Span<byte> Span(int index) => Buffer.AsSpan(_segments[index].Offset, _segments[index].Length);

    /// <summary>Appends a segment; false when the batch is full.</summary>
    public bool TryAdd(PacketSegment segment)
    {
        if (Count == _segments.Length) return false;
        _segments[Count++] = segment;
        return true;
    }

    /// <summary>Forgets all segments; the buffer's bytes stay.</summary>
    public void Clear() => Count = 0;
}

/// <summary>A packet's place in a <see cref="PacketBatch"/>.</summary>
public struct PacketSegment
{
    /// <summary>First byte.</summary>
    public int Offset;

    /// <summary>Bytes.</summary>
    public int Length;

    /// <summary>0, or the size of the pieces of a super-packet.</summary>
    public int SegmentSize;

    /// <summary>Index into the side table of remote addresses that the reader keeps, when the segment came from a socket.</summary>
    public int Remote;
}
