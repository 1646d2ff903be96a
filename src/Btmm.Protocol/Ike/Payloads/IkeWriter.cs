using System.Buffers.Binary;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Writes big-endian fields into a span. Once something does not fit, <see cref="Overflow"/> is set and stays.</summary>
internal ref struct IkeWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    public int Written { get; private set; }

    public bool Overflow { get; private set; }

    public void Byte(byte value)
    {
        if (TryReserve(1, out Span<byte> place)) place[0] = value;
    }

    public void UInt16(ushort value)
    {
        if (TryReserve(2, out Span<byte> place)) BinaryPrimitives.WriteUInt16BigEndian(place, value);
    }

    public void UInt32(uint value)
    {
        if (TryReserve(4, out Span<byte> place)) BinaryPrimitives.WriteUInt32BigEndian(place, value);
    }

    public void UInt64(ulong value)
    {
        if (TryReserve(8, out Span<byte> place)) BinaryPrimitives.WriteUInt64BigEndian(place, value);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        if (TryReserve(value.Length, out Span<byte> place)) value.CopyTo(place);
    }

    /// <summary>Writes the number of bytes since <paramref name="start"/> at <paramref name="at"/>.</summary>
    public void PatchLength16(int at, int start)
    {
        int length = Written - start;
        if (length > ushort.MaxValue) Overflow = true;
        if (!Overflow) BinaryPrimitives.WriteUInt16BigEndian(_target[at..], (ushort)length);
    }

    private bool TryReserve(int count, out Span<byte> place)
    {
        place = default;
        if (Overflow || count > _target.Length - Written)
        {
            Overflow = true;
            return false;
        }

        place = _target.Slice(Written, count);
        Written += count;
        return true;
    }
}
