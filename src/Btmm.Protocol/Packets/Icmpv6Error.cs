using System.Buffers.Binary;

namespace Btmm.Protocol.Packets;

/// <summary>Writes ICMPv6 errors about packets of this host (RFC 4443 §3). Pure and thread-safe.</summary>
public static class Icmpv6Error
{
    /// <summary>Type "destination unreachable".</summary>
    public const byte DestinationUnreachable = 1;

    /// <summary>Type "packet too big"; the parameter is the MTU.</summary>
    public const byte PacketTooBig = 2;

    /// <summary>Code "no route to destination" of an unreachable.</summary>
    public const byte NoRoute = 0;

    /// <summary>Code "address unreachable" of an unreachable.</summary>
    public const byte AddressUnreachable = 3;

    /// <summary>The longest error, an IPv6 packet of the minimum MTU.</summary>
    public const int MaxLength = Ipv6.MinMtu;

    private const int IcmpHeaderLength = 8;
    private const byte HopLimit = 64;
    private const byte FirstInformationalType = 128;

    /// <summary>
    /// Whether an error may be sent about the packet (RFC 4443 §2.4 e): not about another error, nor to or from a
    /// multicast or unspecified address.
    /// </summary>
    public static bool IsAllowed(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Ipv6.HeaderLength) return false;
        UInt128 source = Ipv6.Source(packet);
        if (source == UInt128.Zero || Ipv6.IsMulticast(source) || Ipv6.IsMulticast(Ipv6.Destination(packet))) return false;
        if (packet[Ipv6.NextHeaderOffset] != Ipv6.Icmp) return true;
        return packet.Length > Ipv6.HeaderLength && packet[Ipv6.HeaderLength] >= FirstInformationalType;
    }

    // IPv6 header | type | code | checksum | parameter (MTU or 0) | as much of the packet as fits

    /// <summary>
    /// Writes the error as a whole IPv6 packet from the packet's destination to its source. Returns its length, or 0 when
    /// none is allowed or <paramref name="output"/> is shorter than <see cref="MaxLength"/>.
    /// </summary>
    public static int Write(byte type, byte code, uint parameter, ReadOnlySpan<byte> packet, Span<byte> output)
    {
        if (output.Length < MaxLength || !IsAllowed(packet)) return 0;
        int quoted = Math.Min(packet.Length, MaxLength - Ipv6.HeaderLength - IcmpHeaderLength);
        int payload = IcmpHeaderLength + quoted;
        BinaryPrimitives.WriteUInt32BigEndian(output, 0x60000000);
        BinaryPrimitives.WriteUInt16BigEndian(output[Ipv6.PayloadLengthOffset..], (ushort)payload);
        output[Ipv6.NextHeaderOffset] = Ipv6.Icmp;
        output[Ipv6.NextHeaderOffset + 1] = HopLimit;
        packet.Slice(Ipv6.DestinationOffset, Ipv6.AddressLength).CopyTo(output[Ipv6.SourceOffset..]);
        packet.Slice(Ipv6.SourceOffset, Ipv6.AddressLength).CopyTo(output[Ipv6.DestinationOffset..]);

        Span<byte> icmp = output.Slice(Ipv6.HeaderLength, payload);
        icmp[0] = type;
        icmp[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(icmp[4..], parameter);
        packet[..quoted].CopyTo(icmp[IcmpHeaderLength..]);
        ulong sum = InternetChecksum.AddPseudoHeader(0, output, payload, Ipv6.Icmp);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], InternetChecksum.Finish(InternetChecksum.Add(sum, icmp)));
        return Ipv6.HeaderLength + payload;
    }
}
