using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>
/// Consecutive TCP packets of one connection that can be given to the host as one super-packet: same headers but for
/// what follows from the position, data without a gap, all of one length but a shorter last. A mutable value, one owner.
/// </summary>
/// <remarks>
/// The checksum of every packet is verified before it is merged: the host computes none for a super-packet, and
/// RFC 3948 §3.1.2 forbids to skip it.
/// </remarks>
public struct TcpRun
{
    private const int MaxLength = ushort.MaxValue;
    private const int MaxPackets = 64;
    private uint _nextSequence;
    private bool _firstVerified;
    private bool _closed;
    private byte _lastFlags;

    /// <summary>How many packets the run holds.</summary>
    public int Count { get; private set; }

    /// <summary>Length of IPv6 and TCP header in bytes; the data of each packet starts there.</summary>
    public int HeaderLength { get; private set; }

    /// <summary>Data bytes of every packet but the last.</summary>
    public int SegmentSize { get; private set; }

    /// <summary>Length of the whole super-packet in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>Starts a run. False when the packet is no plain TCP data packet: nothing can be merged with it.</summary>
    public static bool TryStart(ReadOnlySpan<byte> packet, out TcpRun run)
    {
        run = default;
        if (!IsCandidate(packet, out int header)) return false;
        run.Count = 1;
        run.HeaderLength = header;
        run.SegmentSize = packet.Length - header;
        run.Length = packet.Length;
        ReadOnlySpan<byte> tcp = packet[Ipv6.HeaderLength..];
        run._nextSequence = Sequence(tcp) + (uint)run.SegmentSize;
        run._lastFlags = tcp[Tcp.FlagsOffset];
        run._closed = (run._lastFlags & Tcp.Psh) != 0;
        return true;
    }

    /// <summary>Adds the packet when it continues the run.</summary>
    /// <param name="first">The run's first packet.</param>
    /// <param name="packet">The packet that follows.</param>
    public bool TryExtend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> packet)
    {
        if (_closed || Count == MaxPackets || !IsCandidate(packet, out int header) || header != HeaderLength) return false;
        int data = packet.Length - header;
        ReadOnlySpan<byte> tcp = packet[Ipv6.HeaderLength..];
        if (data > SegmentSize || Length + data > MaxLength || Sequence(tcp) != _nextSequence) return false;
        if (!HaveSameHeaders(first, packet)) return false;
        if (!_firstVerified && !HasValidChecksum(first)) return false;
        _firstVerified = true;
        if (!HasValidChecksum(packet)) return false;
        Count++;
        Length += data;
        _nextSequence += (uint)data;
        _lastFlags = tcp[Tcp.FlagsOffset];
        _closed = data < SegmentSize || (_lastFlags & Tcp.Psh) != 0;
        return true;
    }

    /// <summary>
    /// Turns the first packet's headers into those of the super-packet: total length, flags of the last packet, and the
    /// checksum field as the folded sum of the pseudo-header, for the host to complete.
    /// </summary>
    public readonly void WriteHeaders(Span<byte> first)
    {
        Span<byte> tcp = first[Ipv6.HeaderLength..];
        int payload = Length - Ipv6.HeaderLength;
        BinaryPrimitives.WriteUInt16BigEndian(first[Ipv6.PayloadLengthOffset..], (ushort)payload);
        tcp[Tcp.FlagsOffset] |= _lastFlags;
        ulong sum = InternetChecksum.AddPseudoHeader(0, first, payload, Ipv6.Tcp);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[Tcp.ChecksumOffset..], InternetChecksum.Fold(sum));
    }

    private static bool IsCandidate(ReadOnlySpan<byte> packet, out int header)
    {
        header = 0;
        if (packet.Length <= Ipv6.HeaderLength + Tcp.MinHeaderLength || packet[0] >> 4 != 6) return false;
        if (packet[Ipv6.NextHeaderOffset] != Ipv6.Tcp) return false;
        ReadOnlySpan<byte> tcp = packet[Ipv6.HeaderLength..];
        header = Ipv6.HeaderLength + Tcp.HeaderLength(tcp);
        return header >= Ipv6.HeaderLength + Tcp.MinHeaderLength && header < packet.Length
            && (tcp[Tcp.FlagsOffset] & ~Tcp.Psh) == Tcp.Ack;
    }

    // Same traffic class, flow label, hop limit, addresses, ports, acknowledgement, window, urgent pointer and options.
    private readonly bool HaveSameHeaders(ReadOnlySpan<byte> first, ReadOnlySpan<byte> packet)
    {
        const int ports = Ipv6.HeaderLength + Tcp.SequenceOffset;
        const int flags = Ipv6.HeaderLength + Tcp.FlagsOffset;
        const int checksum = Ipv6.HeaderLength + Tcp.ChecksumOffset;
        return first[..Ipv6.PayloadLengthOffset].SequenceEqual(packet[..Ipv6.PayloadLengthOffset])
            && first[Ipv6.NextHeaderOffset..ports].SequenceEqual(packet[Ipv6.NextHeaderOffset..ports])
            && first[(ports + 4)..flags].SequenceEqual(packet[(ports + 4)..flags])
            && first[(flags + 1)..checksum].SequenceEqual(packet[(flags + 1)..checksum])
            && first[(checksum + 2)..HeaderLength].SequenceEqual(packet[(checksum + 2)..HeaderLength]);
    }

    private static bool HasValidChecksum(ReadOnlySpan<byte> packet)
    {
        int length = packet.Length - Ipv6.HeaderLength;
        ulong sum = InternetChecksum.AddPseudoHeader(0, packet, length, Ipv6.Tcp);
        return InternetChecksum.Finish(InternetChecksum.Add(sum, packet[Ipv6.HeaderLength..])) == 0;
    }

    private static uint Sequence(ReadOnlySpan<byte> tcp) => BinaryPrimitives.ReadUInt32BigEndian(tcp[Tcp.SequenceOffset..]);
}
