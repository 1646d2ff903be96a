using System.Buffers.Binary;

namespace Btmm.Protocol.Dns;

/// <summary>
/// Names in their wire form as spans, for code that must not allocate. All comparisons ignore ASCII case (RFC 4343).
/// Thread-safe.
/// </summary>
public static class DnsNameWire
{
    /// <summary>The longest name in wire form, bytes including the root label (RFC 1035 §2.3.4).</summary>
    public const int MaxLength = 255;

    /// <summary>The longest label, bytes without its length octet (RFC 1035 §2.3.4).</summary>
    public const int MaxLabelLength = 63;

    private const int PointerMask = 0xC0;

    // Chance by way of the runtime's own, which it draws for the hashes of strings when a process starts.
    private static readonly ulong s_seed = Chance("seed", "of");
    private static readonly ulong s_multiplier = Chance("all", "names") | 1;

    /// <summary>
    /// Expands the name at <paramref name="offset"/> of a message. A pointer must lead to a label that lies after the
    /// header and before every part of the name read so far, so that no chain can loop (RFC 9267 §2).
    /// </summary>
    /// <param name="message">The whole message.</param>
    /// <param name="offset">Where the name begins.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes for the uncompressed name; case is kept.</param>
    /// <param name="written">Bytes of the uncompressed name.</param>
    /// <param name="next">The offset of what follows the name in the message.</param>
    /// <returns>False when the name is malformed or runs out of the message.</returns>
    public static bool TryExpand(ReadOnlySpan<byte> message, int offset, Span<byte> destination, out int written, out int next)
        => TryWalk(message, offset, copy: true, destination, out written, out next);

    /// <summary>Finds the end of the name at <paramref name="offset"/> with the same checks as <see cref="TryExpand"/>.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="offset">Where the name begins.</param>
    /// <param name="next">The offset of what follows the name in the message.</param>
    public static bool TrySkip(ReadOnlySpan<byte> message, int offset, out int next)
        => TryWalk(message, offset, copy: false, default, out _, out next);

    /// <summary>Whether <paramref name="wire"/> is exactly one uncompressed, well-formed name.</summary>
    /// <param name="wire">The bytes to check.</param>
    public static bool IsValid(ReadOnlySpan<byte> wire)
    {
        if (wire.Length is 0 or > MaxLength) return false;
        int at = 0;
        while (at < wire.Length)
        {
            int length = wire[at];
            if (length == 0) return at == wire.Length - 1;
            if (length > MaxLabelLength) return false;
            at += 1 + length;
        }

        return false;
    }

    /// <summary>Whether two uncompressed names, or two equally long pieces of names, are equal.</summary>
    /// <param name="left">One name.</param>
    /// <param name="right">The other.</param>
    public static bool Equals(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length) return false;
        int at = 0;
        for (; at <= left.Length - sizeof(ulong); at += sizeof(ulong))
        {
            ulong a = BinaryPrimitives.ReadUInt64LittleEndian(left[at..]);
            ulong b = BinaryPrimitives.ReadUInt64LittleEndian(right[at..]);
            if (a != b && ToLower(a) != ToLower(b)) return false;
        }

        for (; at < left.Length; at++)
        {
            if (left[at] != right[at] && ToLower(left[at]) != ToLower(right[at])) return false;
        }

        return true;
    }

    /// <summary>Whether <paramref name="name"/> is <paramref name="ancestor"/> or lies below it.</summary>
    /// <param name="name">An uncompressed, well-formed name.</param>
    /// <param name="ancestor">Another.</param>
    public static bool IsSubdomainOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ancestor)
    {
        int surplus = name.Length - ancestor.Length;
        if (surplus < 0) return false;
        int at = 0;
        while (at < surplus) at += 1 + name[at];
        return at == surplus && Equals(name[surplus..], ancestor);
    }

    /// <summary>A hash that is equal for equal names; it differs from process to process.</summary>
    /// <param name="name">An uncompressed name of at most <see cref="MaxLength"/> bytes.</param>
    public static int GetHashCode(ReadOnlySpan<byte> name)
    {
        // A product of two 64-bit numbers folded to one, eight bytes at a time: names that collide cannot be made without the seed.
        ulong hash = s_seed ^ (ulong)name.Length;
        int at = 0;
        for (; at <= name.Length - sizeof(ulong); at += sizeof(ulong))
            hash = Fold(hash ^ ToLower(BinaryPrimitives.ReadUInt64LittleEndian(name[at..])), s_multiplier);
        ulong rest = 0;
        for (; at < name.Length; at++) rest = (rest << 8) | ToLower(name[at]);
        hash = Fold(hash ^ rest, s_multiplier);
        return (int)(hash ^ (hash >> 32));
    }

    /// <summary>Copies a name in lower case, its canonical form (RFC 4034 §6.2).</summary>
    /// <param name="name">An uncompressed name.</param>
    /// <param name="destination">At least as long.</param>
    public static void ToLower(ReadOnlySpan<byte> name, Span<byte> destination)
    {
        // Length octets are below 64 and so never look like upper-case letters.
        for (int i = 0; i < name.Length; i++) destination[i] = ToLower(name[i]);
    }

    private static ulong Chance(string one, string other)
        => ((ulong)(uint)one.GetHashCode(StringComparison.Ordinal) << 32) | (uint)other.GetHashCode(StringComparison.Ordinal);

    private static ulong Fold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    private static bool TryWalk(ReadOnlySpan<byte> message, int offset, bool copy, Span<byte> destination, out int written, out int next)
    {
        written = 0;
        next = 0;
        int floor = offset;
        int at = offset;
        bool jumped = false;
        while ((uint)at < (uint)message.Length)
        {
            int length = message[at];
            if ((length & PointerMask) == PointerMask)
            {
                if (at + 1 >= message.Length) return false;
                int target = ((length & ~PointerMask) << 8) | message[at + 1];
                if (!jumped) next = at + 2;
                jumped = true;
                if (target >= floor || target < DnsHeader.Size || message[target] is 0 or > MaxLabelLength) return false;
                floor = at = target;
                continue;
            }

            if (length > MaxLabelLength || length >= message.Length - at) return false;
            if (written + 1 + length > MaxLength || (copy && written + 1 + length > destination.Length)) return false;
            if (copy) message.Slice(at, 1 + length).CopyTo(destination[written..]);
            written += 1 + length;
            at += 1 + length;
            if (length != 0) continue;
            if (!jumped) next = at;
            return true;
        }

        return false;
    }

    // Eight bytes at once: the high bit of each byte that is an upper-case letter becomes the bit that makes it lower-case.
    private static ulong ToLower(ulong bytes)
    {
        const ulong HighBits = 0x8080_8080_8080_8080;
        ulong low = bytes & ~HighBits;
        ulong aboveZ = low + 0x2525_2525_2525_2525;
        ulong fromA = low + 0x3F3F_3F3F_3F3F_3F3F;
        ulong upper = (fromA ^ aboveZ) & ~bytes & HighBits;
        return bytes | (upper >> 2);
    }

    internal static byte ToLower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
