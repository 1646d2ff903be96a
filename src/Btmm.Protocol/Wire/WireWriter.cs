using System.Buffers.Binary;

namespace Btmm.Protocol.Wire;

/// <summary>
/// Writes big-endian fields into a buffer, front to back. Never throws: a write past the end returns false and writes nothing.
/// </summary>
public ref struct WireWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Starts at the first byte of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Where to write.</param>
    public WireWriter(Span<byte> buffer)
    {
        _buffer = buffer;
        Position = 0;
    }

    /// <summary>Bytes written so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes still free.</summary>
    public readonly int Remaining => _buffer.Length - Position;

    /// <summary>The bytes written so far.</summary>
    public readonly Span<byte> Written => _buffer[..Position];

    /// <summary>The free bytes.</summary>
    public readonly Span<byte> Free => _buffer[Position..];

    /// <summary>Writes one byte.</summary>
    /// <param name="value">The byte.</param>
    public bool TryWriteByte(byte value)
    {
        if (Remaining < 1) return false;
        _buffer[Position++] = value;
        return true;
    }

    /// <summary>Writes two bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryWriteUInt16(ushort value)
    {
        bool ok = BinaryPrimitives.TryWriteUInt16BigEndian(Free, value);
        if (ok) Position += 2;
        return ok;
    }

    /// <summary>Writes four bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryWriteUInt32(uint value)
    {
        bool ok = BinaryPrimitives.TryWriteUInt32BigEndian(Free, value);
        if (ok) Position += 4;
        return ok;
    }

    /// <summary>Writes the low six bytes of a number (TSIG's times).</summary>
    /// <param name="value">The number; its upper 16 bits are dropped.</param>
    public bool TryWriteUInt48(ulong value)
        => Remaining >= 6 && TryWriteUInt16((ushort)(value >> 32)) && TryWriteUInt32((uint)value);

    /// <summary>Writes eight bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryWriteUInt64(ulong value)
    {
        bool ok = BinaryPrimitives.TryWriteUInt64BigEndian(Free, value);
        if (ok) Position += 8;
        return ok;
    }

    /// <summary>Writes bytes as they are.</summary>
    /// <param name="value">The bytes.</param>
    public bool TryWriteBytes(scoped ReadOnlySpan<byte> value)
    {
        if (!value.TryCopyTo(Free)) return false;
        Position += value.Length;
        return true;
    }

    /// <summary>Takes <paramref name="length"/> bytes for the caller to fill; they are not cleared.</summary>
    /// <param name="length">How many; a negative number fails.</param>
    /// <param name="slot">The bytes.</param>
    public bool TryReserve(int length, out Span<byte> slot)
    {
        if (length < 0 || length > Remaining)
        {
            slot = default;
            return false;
        }

        slot = _buffer.Slice(Position, length);
        Position += length;
        return true;
    }

    /// <summary>Goes back to an earlier position.</summary>
    /// <param name="position">A value that <see cref="Position"/> had before.</param>
    /// <exception cref="ArgumentOutOfRangeException">The position was not reached yet.</exception>
    public void Rewind(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position);
        Position = position;
    }
}
