using System.Buffers.Binary;

namespace Btmm.Platform.Linux;

/// <summary>
/// Bounded reading of netlink data (native byte order): messages in a datagram, attributes in a message. Never throws on bad
/// input; whatever does not fit ends the walk.
/// </summary>
internal static class NetlinkAttributes
{
    /// <summary>struct nlmsghdr: length (4), type (2), flags (2), sequence (4), port id (4).</summary>
    internal const int MessageHeaderLength = 16;

    private const int AttributeHeaderLength = 4;
    private const ushort AttributeTypeMask = 0x3FFF;

    /// <summary>Takes the first message off <paramref name="data"/>.</summary>
    internal static bool TryReadMessage(scoped ref ReadOnlySpan<byte> data, out ushort type, out ReadOnlySpan<byte> payload)
    {
        type = 0;
        payload = default;
        if (data.Length < MessageHeaderLength) return false;
        uint length = ReadUInt32(data);
        if (length < MessageHeaderLength || length > data.Length) return false;
        type = ReadUInt16(data[4..]);
        payload = data[MessageHeaderLength..(int)length];
        data = data[Math.Min(data.Length, Align((int)length))..];
        return true;
    }

    /// <summary>Takes the first attribute off <paramref name="data"/>.</summary>
    internal static bool TryReadAttribute(scoped ref ReadOnlySpan<byte> data, out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (data.Length < AttributeHeaderLength) return false;
        ushort length = ReadUInt16(data);
        if (length < AttributeHeaderLength || length > data.Length) return false;
        type = (ushort)(ReadUInt16(data[2..]) & AttributeTypeMask);
        value = data[AttributeHeaderLength..length];
        data = data[Math.Min(data.Length, Align(length))..];
        return true;
    }

    /// <summary>Finds an attribute behind a fixed part.</summary>
    internal static bool TryFind(ReadOnlySpan<byte> payload, int fixedPart, ushort wanted, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest = payload.Length < fixedPart ? default : payload[fixedPart..];
        while (TryReadAttribute(ref rest, out ushort type, out value))
        {
            if (type == wanted) return true;
        }

        value = default;
        return false;
    }

    internal static uint ReadUInt32(ReadOnlySpan<byte> data) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);

    internal static ushort ReadUInt16(ReadOnlySpan<byte> data) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static int Align(int length) => (length + 3) & ~3;
}
