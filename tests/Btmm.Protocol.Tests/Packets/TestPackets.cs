using System.Buffers.Binary;

namespace Btmm.Protocol.Tests.Packets;

/// <summary>Makes IPv6 packets with checksums computed the slow, obvious way.</summary>
internal static class TestPackets
{
    public static byte[] Ipv6(byte nextHeader, byte[] payload, byte source = 1, byte destination = 2)
    {
        byte[] packet = new byte[40 + payload.Length];
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payload.Length);
        packet[6] = nextHeader;
        packet[7] = 64;
        packet[8] = packet[24] = 0xFD;
        packet[23] = source;
        packet[39] = destination;
        payload.CopyTo(packet, 40);
        return packet;
    }

    public static byte[] Tcp(uint sequence, byte[] data, byte flags = 0x10, byte[]? options = null, uint acknowledgement = 77)
    {
        options ??= [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
        byte[] segment = new byte[20 + options.Length + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, 4000);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), 80);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledgement);
        segment[12] = (byte)((20 + options.Length) / 4 << 4);
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 5000);
        options.CopyTo(segment, 20);
        data.CopyTo(segment, 20 + options.Length);
        byte[] packet = Ipv6(6, segment);
        WriteChecksum(packet, 16);
        return packet;
    }

    public static byte[] Udp(byte[] data)
    {
        byte[] datagram = new byte[8 + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, 4000);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), 53);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        data.CopyTo(datagram, 8);
        byte[] packet = Ipv6(17, datagram);
        WriteChecksum(packet, 6);
        return packet;
    }

    public static byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The transport checksum of a packet without extension headers, its own field included: 0 when it is right.</summary>
    public static ushort Verify(ReadOnlySpan<byte> packet)
    {
        uint sum = (uint)(packet.Length - 40) + packet[6];
        for (int i = 8; i < packet.Length; i += 2)
            sum += (uint)(packet[i] << 8 | (i + 1 < packet.Length ? packet[i + 1] : 0));
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    private static void WriteChecksum(byte[] packet, int offset)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(40 + offset), 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(40 + offset), Verify(packet));
    }
}
