using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// The unit that the packet path passes along: one pinned buffer and a list of segments in it, each one packet or
/// datagram. Not thread-safe; exactly one owner at a time. Allocates nothing after construction.
/// </summary>
/// <remarks>
/// Every segment that a TUN device reads has at least <see cref="Headroom"/> free bytes before it and
/// <see cref="Tailroom"/> after it, so that it can be sealed in place. Segments that a socket receives may lie side by
/// side: opening shrinks them, and what it takes away in front is room enough for a device's own header. Super-packets
/// of the operating system (TSO, UDP GSO and GRO) are cut and put together by the platform; each segment here is
/// a packet as it is on the wire.
/// </remarks>
public sealed class PacketBatch
{
    /// <summary>Free bytes kept before each segment: SPI, sequence number and IV of ESP, or a virtio-net header.</summary>
    public const int Headroom = 64;

    /// <summary>Free bytes kept after each segment: ESP padding, pad length, next header and a 16-byte ICV.</summary>
    public const int Tailroom = 64;

    private const int Alignment = 64;
    private readonly PacketSegment[] _segments;
    private int _used;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">Bytes in the buffer.</param>
    /// <param name="maxSegments">The most segments the batch can hold.</param>
    /// <param name="maxRemotes">How many different senders one <see cref="IDatagramSocket.Receive"/> may note.</param>
    public PacketBatch(int capacity, int maxSegments, int maxRemotes = 0)
    {
        Buffer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        _segments = new PacketSegment[maxSegments];
        Remotes = new SocketAddress[maxRemotes];
        for (int i = 0; i < maxRemotes; i++) Remotes[i] = new SocketAddress(System.Net.Sockets.AddressFamily.InterNetworkV6);
    }

    /// <summary>The pinned buffer.</summary>
    public byte[] Buffer { get; }

    /// <summary>The senders; <see cref="PacketSegment.Remote"/> is an index into it. The socket overwrites them in place.</summary>
    public SocketAddress[] Remotes { get; }

    /// <summary>How many segments the batch holds.</summary>
    public int Count { get; private set; }

    /// <summary>The most segments the batch can hold.</summary>
    public int MaxSegments => _segments.Length;

    /// <summary>Bytes of the buffer not taken by any segment or its head- and tailroom.</summary>
    public int FreeBytes => Buffer.Length - _used;

    /// <summary>Segment <paramref name="index"/>, by reference so that stages can move its bounds.</summary>
    public ref PacketSegment this[int index] => ref _segments[index];

    /// <summary>The bytes of segment <paramref name="index"/>.</summary>
    public Span<byte> Span(int index) => Buffer.AsSpan(_segments[index].Offset, _segments[index].Length);

    /// <summary>
    /// Takes room for a packet of up to <paramref name="length"/> bytes with head- and tailroom, and tells where the
    /// packet starts; false when the batch is full. <see cref="Add"/> it afterwards.
    /// </summary>
    public bool TryReserve(int length, out int offset)
    {
        offset = _used + Headroom;
        int end = (offset + length + Tailroom + Alignment - 1) & ~(Alignment - 1);
        if (Count == _segments.Length || end > Buffer.Length || length < 0) return false;
        _used = end;
        return true;
    }

    /// <summary>
    /// Takes a raw stretch of the buffer, without head- or tailroom, for a receiver that puts several datagrams into it;
    /// false when the batch is full.
    /// </summary>
    public bool TryReserveRaw(int length, out int offset)
    {
        offset = _used;
        if (length > FreeBytes || length < 0) return false;
        _used += length;
        return true;
    }

    /// <summary>Appends a segment that lies in reserved room; false when the batch has no place for one more.</summary>
    public bool Add(int offset, int length, int remote = 0)
    {
        if (Count == _segments.Length) return false;
        _segments[Count++] = new PacketSegment { Offset = offset, Length = length, Remote = remote };
        return true;
    }

    /// <summary>Copies a packet into the batch with head- and tailroom; false when it is full.</summary>
    public bool TryAppend(ReadOnlySpan<byte> packet, int remote = 0)
    {
        if (!TryReserve(packet.Length, out int offset)) return false;
        packet.CopyTo(Buffer.AsSpan(offset));
        return Add(offset, packet.Length, remote);
    }

    /// <summary>Keeps only the first <paramref name="count"/> segments; a stage that drops packets moves the others up first.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);

    /// <summary>Forgets all segments; the buffer's bytes stay.</summary>
    public void Clear()
    {
        Count = 0;
        _used = 0;
    }
}
