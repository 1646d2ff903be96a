using System.Buffers.Binary;

namespace Btmm.Protocol.Wire;

/// <summary>
/// Reads big-endian fields from a buffer, front to back. Never throws: a read past the end returns false and moves nothing.
/// </summary>
public ref struct WireReader
{
    private readonly ReadOnlySpan<byte> _buffer;

    /// <summary>Starts at the first byte of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">The bytes to read.</param>
    public WireReader(ReadOnlySpan<byte> buffer)
    {
        _buffer = buffer;
        Position = 0;
    }

    /// <summary>Bytes consumed so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _buffer.Length - Position;

    /// <summary>What is left, without consuming it.</summary>
    public readonly ReadOnlySpan<byte> Rest => _buffer[Position..];

    /// <summary>Reads one byte.</summary>
    /// <param name="value">The byte.</param>
    public bool TryReadByte(out byte value)
    {
        if (Remaining < 1)
        {
            value = 0;
            return false;
        }

        value = _buffer[Position++];
        return true;
    }

    /// <summary>Reads two bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryReadUInt16(out ushort value)
    {
        bool ok = BinaryPrimitives.TryReadUInt16BigEndian(Rest, out value);
        if (ok) Position += 2;
        return ok;
    }

    /// <summary>Reads four bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryReadUInt32(out uint value)
    {
        bool ok = BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value);
        if (ok) Position += 4;
        return ok;
    }

    /// <summary>Reads six bytes (TSIG's times).</summary>
    /// <param name="value">The number.</param>
    public bool TryReadUInt48(out ulong value)
    {
        value = 0;
        if (Remaining < 6) return false;
        TryReadUInt16(out ushort high);
        TryReadUInt32(out uint low);
        value = ((ulong)high << 32) | low;
        return true;
    }

    /// <summary>Reads eight bytes.</summary>
    /// <param name="value">The number.</param>
    public bool TryReadUInt64(out ulong value)
    {
        bool ok = BinaryPrimitives.TryReadUInt64BigEndian(Rest, out value);
        if (ok) Position += 8;
        return ok;
    }

    /// <summary>Reads <paramref name="length"/> bytes as a slice of the buffer.</summary>
    /// <param name="length">How many; a negative number fails.</param>
    /// <param name="value">The slice.</param>
    public bool TryReadBytes(int length, out ReadOnlySpan<byte> value)
    {
        if (length < 0 || length > Remaining)
        {
            value = default;
            return false;
        }

        value = _buffer.Slice(Position, length);
        Position += length;
        return true;
    }

    /// <summary>Passes over <paramref name="length"/> bytes.</summary>
    /// <param name="length">How many; a negative number fails.</param>
    public bool TrySkip(int length) => TryReadBytes(length, out _);
}
