using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>
/// An IPv6 TCP or UDP packet longer than the MTU, as a host hands it to a device that offers segmentation, and how to
/// cut it into packets with correct lengths, sequence numbers, flags and checksums. A value; pure and thread-safe.
/// </summary>
public readonly struct SuperPacket
{
    private const int UdpHeaderLength = 8;
    private const int UdpLengthOffset = 4;
    private const int UdpChecksumOffset = 6;
    private readonly int _transport;
    private readonly int _header;
    private readonly int _total;
    private readonly int _segment;
    private readonly bool _isTcp;

    private SuperPacket(int transport, int header, int total, int segment, bool isTcp)
    {
        _transport = transport;
        _header = header;
        _total = total;
        _segment = segment;
        _isTcp = isTcp;
        Count = Math.Max(1, (total - header + segment - 1) / segment);
    }

    /// <summary>Into how many packets it is cut.</summary>
    public int Count { get; }

    /// <summary>Length of the longest of them in bytes.</summary>
    public int MaxLength => Math.Min(_total, _header + _segment);

    /// <summary>Reads the layout. False when the bytes are not such a packet.</summary>
    /// <param name="packet">The whole packet.</param>
    /// <param name="isTcp">TCP, else UDP.</param>
    /// <param name="transport">Where the transport header starts.</param>
    /// <param name="segment">Data bytes of each packet but the last.</param>
    /// <param name="layout">The layout, valid for these bytes only.</param>
    public static bool TryParse(ReadOnlySpan<byte> packet, bool isTcp, int transport, int segment, out SuperPacket layout)
    {
        layout = default;
        int least = isTcp ? Tcp.MinHeaderLength : UdpHeaderLength;
        if (segment <= 0 || transport < Ipv6.HeaderLength || transport > packet.Length - least || packet[0] >> 4 != 6)
            return false;
        int header = transport + (isTcp ? Tcp.HeaderLength(packet[transport..]) : UdpHeaderLength);
        if (header < transport + least || header >= packet.Length) return false;
        layout = new SuperPacket(transport, header, packet.Length, segment, isTcp);
        return true;
    }

    /// <summary>
    /// Writes packet <paramref name="index"/> to <paramref name="output"/>, at least <see cref="MaxLength"/> long.
    /// Returns its length.
    /// </summary>
    public int Write(ReadOnlySpan<byte> packet, int index, Span<byte> output)
    {
        int start = _header + (index * _segment);
        int data = Math.Min(_segment, _total - start);
        int length = _header + data;
        packet[.._header].CopyTo(output);
        packet.Slice(start, data).CopyTo(output[_header..]);
        BinaryPrimitives.WriteUInt16BigEndian(output[Ipv6.PayloadLengthOffset..], (ushort)(length - Ipv6.HeaderLength));
        Span<byte> transport = output[_transport..length];
        if (_isTcp) CompleteTcp(output, transport, index);
        else CompleteUdp(output, transport);
        return length;
    }

    private void CompleteTcp(ReadOnlySpan<byte> ip, Span<byte> tcp, int index)
    {
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[Tcp.SequenceOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[Tcp.SequenceOffset..], unchecked(sequence + (uint)(index * _segment)));
        if (index != Count - 1) tcp[Tcp.FlagsOffset] &= unchecked((byte)~(Tcp.Fin | Tcp.Psh));
        if (index != 0) tcp[Tcp.FlagsOffset] &= unchecked((byte)~Tcp.Cwr);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[Tcp.ChecksumOffset..], 0);
        ulong sum = InternetChecksum.AddPseudoHeader(0, ip, tcp.Length, Ipv6.Tcp);
        BinaryPrimitives.WriteUInt16BigEndian(
            tcp[Tcp.ChecksumOffset..], InternetChecksum.Finish(InternetChecksum.Add(sum, tcp)));
    }

    private static void CompleteUdp(ReadOnlySpan<byte> ip, Span<byte> udp)
    {
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpLengthOffset..], (ushort)udp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpChecksumOffset..], 0);
        ulong sum = InternetChecksum.AddPseudoHeader(0, ip, udp.Length, Ipv6.Udp);
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(sum, udp));
        // A zero means "no checksum", which IPv6 forbids (RFC 8200 §8.1).
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpChecksumOffset..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
