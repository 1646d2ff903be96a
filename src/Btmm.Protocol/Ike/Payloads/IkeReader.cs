using System.Buffers.Binary;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Reads big-endian fields off a span; every method answers false when the span is too short.</summary>
internal ref struct IkeReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly int Remaining => _rest.Length;

    public bool TryByte(out byte value)
    {
        value = 0;
        if (!TryTake(1, out ReadOnlySpan<byte> bytes)) return false;
        value = bytes[0];
        return true;
    }

    public bool TryUInt16(out ushort value)
    {
        bool ok = TryTake(2, out ReadOnlySpan<byte> bytes);
        value = ok ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;
        return ok;
    }

    public bool TryUInt32(out uint value)
    {
        bool ok = TryTake(4, out ReadOnlySpan<byte> bytes);
        value = ok ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;
        return ok;
    }

    public bool TryUInt64(out ulong value)
    {
        bool ok = TryTake(8, out ReadOnlySpan<byte> bytes);
        value = ok ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
        return ok;
    }

    public bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (count < 0 || count > _rest.Length) return false;
        bytes = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    public ReadOnlySpan<byte> TakeRest()
    {
        ReadOnlySpan<byte> rest = _rest;
        _rest = default;
        return rest;
    }
}
