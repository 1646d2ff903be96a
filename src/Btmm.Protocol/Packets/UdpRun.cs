using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>
/// Consecutive UDP datagrams of one flow that can be given to the host as one super-packet: same headers, all of one length
/// but a shorter last. Like <see cref="TcpRun"/>, a mutable value with one owner, and every checksum is verified.
/// </summary>
public struct UdpRun
{
    /// <summary>Length of IPv6 and UDP header in bytes.</summary>
    public const int HeaderLength = Ipv6.HeaderLength + UdpHeaderLength;

    /// <summary>Where the checksum stands in the UDP header.</summary>
    public const int ChecksumOffset = 6;

    private const int UdpHeaderLength = 8;
    private const int LengthOffset = 4;
    private const int MaxLength = ushort.MaxValue;
    private const int MaxPackets = 64;
    private bool _firstVerified;
    private bool _closed;

    /// <summary>How many datagrams the run holds.</summary>
    public int Count { get; private set; }

    /// <summary>Data bytes of every datagram but the last.</summary>
    public int SegmentSize { get; private set; }

    /// <summary>Length of the whole super-packet in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>Starts a run. False when the packet is no plain UDP datagram with data.</summary>
    public static bool TryStart(ReadOnlySpan<byte> packet, out UdpRun run)
    {
        run = default;
        if (!IsCandidate(packet)) return false;
        run.Count = 1;
        run.SegmentSize = packet.Length - HeaderLength;
        run.Length = packet.Length;
        return true;
    }

    /// <summary>Adds the packet when it continues the run.</summary>
    /// <param name="first">The run's first packet.</param>
    /// <param name="packet">The packet that follows.</param>
    public bool TryExtend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> packet)
    {
        if (_closed || Count == MaxPackets || !IsCandidate(packet)) return false;
        int data = packet.Length - HeaderLength;
        if (data > SegmentSize || Length + data > MaxLength || !HaveSameHeaders(first, packet)) return false;
        if (!_firstVerified && !HasValidChecksum(first)) return false;
        _firstVerified = true;
        if (!HasValidChecksum(packet)) return false;
        Count++;
        Length += data;
        _closed = data < SegmentSize;
        return true;
    }

    /// <summary>Turns the first packet's headers into those of the super-packet, its checksum left for the host to complete.</summary>
    public readonly void WriteHeaders(Span<byte> first)
    {
        int payload = Length - Ipv6.HeaderLength;
        Span<byte> udp = first[Ipv6.HeaderLength..];
        BinaryPrimitives.WriteUInt16BigEndian(first[Ipv6.PayloadLengthOffset..], (ushort)payload);
        BinaryPrimitives.WriteUInt16BigEndian(udp[LengthOffset..], (ushort)payload);
        ulong sum = InternetChecksum.AddPseudoHeader(0, first, payload, Ipv6.Udp);
        BinaryPrimitives.WriteUInt16BigEndian(udp[ChecksumOffset..], InternetChecksum.Fold(sum));
    }

    private static bool IsCandidate(ReadOnlySpan<byte> packet) =>
        packet.Length > HeaderLength && packet[0] >> 4 == 6 && packet[Ipv6.NextHeaderOffset] == Ipv6.Udp
        && BinaryPrimitives.ReadUInt16BigEndian(packet[(Ipv6.HeaderLength + LengthOffset)..]) == packet.Length - Ipv6.HeaderLength;

    // Same traffic class, flow label, hop limit, addresses and ports.
    private static bool HaveSameHeaders(ReadOnlySpan<byte> first, ReadOnlySpan<byte> packet)
    {
        const int end = Ipv6.HeaderLength + LengthOffset;
        return first[..Ipv6.PayloadLengthOffset].SequenceEqual(packet[..Ipv6.PayloadLengthOffset])
            && first[Ipv6.NextHeaderOffset..end].SequenceEqual(packet[Ipv6.NextHeaderOffset..end]);
    }

    private static bool HasValidChecksum(ReadOnlySpan<byte> packet)
    {
        // IPv6 has no "no checksum": a zero is wrong, whatever the sum (RFC 8200 §8.1).
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[(Ipv6.HeaderLength + ChecksumOffset)..]) == 0) return false;
        ulong sum = InternetChecksum.AddPseudoHeader(0, packet, packet.Length - Ipv6.HeaderLength, Ipv6.Udp);
        return InternetChecksum.Finish(InternetChecksum.Add(sum, packet[Ipv6.HeaderLength..])) == 0;
    }
}
