using System.Buffers.Binary;
using System.Globalization;

namespace Btmm.Protocol.Identity;

/// <summary>
/// A modified EUI-64 interface identifier: the lower half of a host's identifier and part of its AutoTunnel name.
/// From a 48-bit MAC it is made by flipping the universal/local bit and putting FF-FE in the middle
/// (RFC 4291 appendix A). Immutable.
/// </summary>
public readonly record struct Eui64
{
    /// <summary>Bytes in an EUI-64.</summary>
    public const int Length = 8;

    private const int MacLength = 6;
    private const int DashedLength = (Length * 3) - 1;

    // RFC 4291 appendix A: in the modified form the bit is 1 for universal, 0 for local scope.
    private const byte UniversalBit = 0x02;
    private const byte GroupBit = 0x01;

    private readonly ulong _value;

    private Eui64(ulong value) => _value = value;

    /// <summary>Makes the identifier of a 48-bit MAC address, or fails when the span is not 6 bytes or a group address.</summary>
    public static bool TryFromMac(ReadOnlySpan<byte> mac, out Eui64 value)
    {
        value = default;
        if (mac.Length != MacLength || (mac[0] & GroupBit) != 0 || mac.IndexOfAnyExcept((byte)0) < 0)
            return false;

        Span<byte> bytes = [(byte)(mac[0] ^ UniversalBit), mac[1], mac[2], 0xFF, 0xFE, mac[3], mac[4], mac[5]];
        value = new Eui64(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        return true;
    }

    /// <summary>Takes the 8 bytes as they are (for example the lower half of a host identifier).</summary>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, out Eui64 value)
    {
        value = default;
        if (bytes.Length != Length)
            return false;
        value = new Eui64(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        return true;
    }

    /// <summary>Makes a random identifier of local scope, for hosts without a MAC address (containers, tunnels).</summary>
    public static Eui64 CreateRandom(IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Length];
        random.Fill(bytes);
        bytes[0] = (byte)(bytes[0] & ~(UniversalBit | GroupBit));
        return new Eui64(BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>Reads the dashed hexadecimal form, in either case: <c>02-22-69-FF-FE-8E-34-2A</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Eui64 value)
    {
        value = default;
        if (text.Length != DashedLength)
            return false;

        ulong bits = 0;
        for (int i = 0; i < Length; i++)
        {
            if (i > 0 && text[(i * 3) - 1] != '-')
                return false;
            if (!byte.TryParse(text.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet))
                return false;
            bits = (bits << 8) | octet;
        }

        value = new Eui64(bits);
        return true;
    }

    /// <summary>Writes the 8 bytes; false when the span is too small.</summary>
    public bool TryWriteBytes(Span<byte> destination) => BinaryPrimitives.TryWriteUInt64BigEndian(destination, _value);

    /// <summary>The dashed form in upper case, as it stands in AutoTunnel names.</summary>
    public override string ToString() => string.Create(DashedLength, _value, static (chars, bits) =>
    {
        for (int i = 0; i < Length; i++)
        {
            if (i > 0)
                chars[(i * 3) - 1] = '-';
            ((byte)(bits >> (56 - (8 * i)))).TryFormat(chars.Slice(i * 3, 2), out _, "X2", CultureInfo.InvariantCulture);
        }
    });
}
