using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Btmm.Protocol.Packets;

/// <summary>
/// The one's-complement checksum of IP, TCP, UDP and ICMP (RFC 1071). Partial sums are kept in the machine's own byte
/// order, as RFC 1071 §2 (B) allows; only <see cref="Fold"/> gives a value of the wire. Pure and thread-safe.
/// </summary>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a partial sum. All stretches but the last must have an even length; up to 64 KiB each.</summary>
    public static ulong Add(ulong sum, ReadOnlySpan<byte> data)
    {
        if (Vector.IsHardwareAccelerated && data.Length >= Vector<byte>.Count)
        {
            ReadOnlySpan<Vector<uint>> blocks = MemoryMarshal.Cast<byte, Vector<uint>>(data);
            Vector<ulong> lanes = Vector<ulong>.Zero;
            foreach (Vector<uint> block in blocks)
            {
                Vector.Widen(block, out Vector<ulong> low, out Vector<ulong> high);
                lanes += low + high;
            }
            sum += Vector.Sum(lanes);
            data = data[(blocks.Length * Vector<byte>.Count)..];
        }
        while (data.Length >= 4)
        {
            sum += MemoryMarshal.Read<uint>(data);
            data = data[4..];
        }
        if (data.Length >= 2)
        {
            sum += MemoryMarshal.Read<ushort>(data);
            data = data[2..];
        }
        if (data.Length == 1) sum += BitConverter.IsLittleEndian ? data[0] : (ulong)data[0] << 8;
        return sum;
    }

    /// <summary>Adds a 32-bit number as if its big-endian bytes were in the data.</summary>
    public static ulong Add(ulong sum, uint value) =>
        sum + (BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    /// <summary>Adds the pseudo-header of an IPv6 packet (RFC 8200 §8.1).</summary>
    /// <param name="sum">The partial sum.</param>
    /// <param name="header">The packet, at least its 40-byte header.</param>
    /// <param name="length">Length of transport header and data in bytes.</param>
    /// <param name="nextHeader">The transport protocol.</param>
    public static ulong AddPseudoHeader(ulong sum, ReadOnlySpan<byte> header, int length, byte nextHeader)
    {
        sum = Add(sum, header.Slice(Ipv6.SourceOffset, 2 * Ipv6.AddressLength));
        return Add(Add(sum, (uint)length), nextHeader);
    }

    /// <summary>Folds to 16 bits, not complemented, as a number to be written big-endian.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xFFFFFFFF) + (sum >> 32);
        sum = (sum & 0xFFFFFFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        ushort folded = (ushort)sum;
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
    }

    /// <summary>The checksum itself: folded and complemented, as a number to be written big-endian.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    /// <summary>
    /// Completes a checksum that the sender left to its device: the field holds the pseudo-header's sum, and the bytes
    /// from <paramref name="start"/> on are still to be added. False when the places lie outside the packet.
    /// </summary>
    /// <param name="packet">The whole packet.</param>
    /// <param name="start">Where the summed bytes start.</param>
    /// <param name="offset">Where the field stands, counted from there.</param>
    public static bool TryComplete(Span<byte> packet, int start, int offset)
    {
        if (start < 0 || offset < 0 || start + offset + 2 > packet.Length) return false;
        Span<byte> summed = packet[start..];
        ushort checksum = Finish(Add(0, summed));
        // A sum of 0 would mean "no checksum" to UDP; its complement is the same number to all others.
        BinaryPrimitives.WriteUInt16BigEndian(summed[offset..], checksum == 0 ? (ushort)0xFFFF : checksum);
        return true;
    }
}
