using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>The IPv6 header (RFC 8200 §3), as far as a tunnel needs it. Pure and thread-safe.</summary>
public static class Ipv6
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 40;

    /// <summary>Bytes of an address.</summary>
    public const int AddressLength = 16;

    /// <summary>Where the payload length stands.</summary>
    public const int PayloadLengthOffset = 4;

    /// <summary>Where the next header stands.</summary>
    public const int NextHeaderOffset = 6;

    /// <summary>Where the source address stands.</summary>
    public const int SourceOffset = 8;

    /// <summary>Where the destination address stands.</summary>
    public const int DestinationOffset = 24;

    /// <summary>The least MTU of an IPv6 link: RFC 8200 §5.</summary>
    public const int MinMtu = 1280;

    /// <summary>Next header of TCP.</summary>
    public const byte Tcp = 6;

    /// <summary>Next header of UDP.</summary>
    public const byte Udp = 17;

    /// <summary>Next header of ICMPv6.</summary>
    public const byte Icmp = 58;

    /// <summary>
    /// Checks that the bytes start with a whole IPv6 packet and tells its length; what follows it is padding.
    /// </summary>
    public static bool TryGetLength(ReadOnlySpan<byte> packet, out int length)
    {
        length = 0;
        if (packet.Length < HeaderLength || packet[0] >> 4 != 6) return false;
        length = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(packet[PayloadLengthOffset..]);
        return length <= packet.Length;
    }

    /// <summary>The source address, of a packet of at least 40 bytes.</summary>
    public static UInt128 Source(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt128BigEndian(packet[SourceOffset..]);

    /// <summary>The destination address, of a packet of at least 40 bytes.</summary>
    public static UInt128 Destination(ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt128BigEndian(packet[DestinationOffset..]);

    /// <summary>Whether an address is a multicast one (ff00::/8).</summary>
    public static bool IsMulticast(UInt128 address) => (byte)(address >> 120) == 0xFF;
}
