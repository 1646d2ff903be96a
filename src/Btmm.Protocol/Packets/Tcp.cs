using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>The TCP header (RFC 9293 §3.1), as far as a tunnel needs it. Pure and thread-safe.</summary>
public static class Tcp
{
    /// <summary>Bytes of the header without options.</summary>
    public const int MinHeaderLength = 20;

    /// <summary>Where the sequence number stands.</summary>
    public const int SequenceOffset = 4;

    /// <summary>Where the data offset and the flags stand.</summary>
    public const int DataOffsetOffset = 12;

    /// <summary>Where the flags stand.</summary>
    public const int FlagsOffset = 13;

    /// <summary>Where the checksum stands.</summary>
    public const int ChecksumOffset = 16;

    /// <summary>Flag FIN.</summary>
    public const byte Fin = 0x01;

    /// <summary>Flag SYN.</summary>
    public const byte Syn = 0x02;

    /// <summary>Flag PSH.</summary>
    public const byte Psh = 0x08;

    /// <summary>Flag ACK.</summary>
    public const byte Ack = 0x10;

    /// <summary>Flag CWR.</summary>
    public const byte Cwr = 0x80;

    private const byte OptionEnd = 0;
    private const byte OptionNop = 1;
    private const byte OptionMss = 2;
    private const int OptionMssLength = 4;

    /// <summary>Length of the header with options, from a segment of at least 20 bytes.</summary>
    public static int HeaderLength(ReadOnlySpan<byte> segment) => (segment[DataOffsetOffset] >> 4) * 4;

    /// <summary>
    /// Lowers the maximum segment size that a SYN in an IPv6 packet announces to what fits into <paramref name="mtu"/>
    /// (RFC 9293 §3.7.1), and corrects the checksum by the difference (RFC 1624). True when it changed the packet;
    /// packets that are not well-formed TCP SYNs are left as they are.
    /// </summary>
    public static bool ClampMss(Span<byte> packet, int mtu)
    {
        if (packet.Length < Ipv6.HeaderLength + MinHeaderLength || packet[Ipv6.NextHeaderOffset] != Ipv6.Tcp) return false;
        Span<byte> segment = packet[Ipv6.HeaderLength..];
        if ((segment[FlagsOffset] & Syn) == 0) return false;
        int header = HeaderLength(segment);
        if (header > segment.Length) return false;
        int limit = mtu - Ipv6.HeaderLength - MinHeaderLength;
        for (int at = MinHeaderLength; at < header && segment[at] != OptionEnd;)
        {
            if (segment[at] == OptionNop)
            {
                at++;
                continue;
            }
            if (at + 1 >= header || segment[at + 1] < 2 || at + segment[at + 1] > header) return false;
            if (segment[at] == OptionMss && segment[at + 1] == OptionMssLength) return Lower(segment, at + 2, limit);
            at += segment[at + 1];
        }
        return false;
    }

    private static bool Lower(Span<byte> segment, int at, int limit)
    {
        int old = BinaryPrimitives.ReadUInt16BigEndian(segment[at..]);
        if (old <= limit) return false;
        BinaryPrimitives.WriteUInt16BigEndian(segment[at..], (ushort)limit);
        // RFC 1624 eqn. 3: HC' = ~(~HC + ~m + m'). An option at an odd place counts with its bytes swapped.
        uint before = (uint)old, after = (uint)limit;
        if (at % 2 != 0)
        {
            before = BinaryPrimitives.ReverseEndianness((ushort)before);
            after = BinaryPrimitives.ReverseEndianness((ushort)after);
        }
        uint sum = (uint)(ushort)~BinaryPrimitives.ReadUInt16BigEndian(segment[ChecksumOffset..]);
        sum += (ushort)~before + after;
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(segment[ChecksumOffset..], (ushort)~sum);
        return true;
    }
}
