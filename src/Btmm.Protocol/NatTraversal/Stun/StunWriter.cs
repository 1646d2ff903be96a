using System.Buffers.Binary;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>Writes a STUN message without allocating. Never throws: what does not fit returns false.</summary>
public ref struct StunWriter
{
    private const int Ipv4Size = 4;
    private const int FingerprintSize = 8;
    private const byte Ipv4Family = 1;
    private const byte Ipv6Family = 2;

    private readonly Span<byte> _buffer;
    private WireWriter _writer;

    /// <summary>Starts a message.</summary>
    /// <param name="buffer">Where to write.</param>
    /// <param name="type">Its type.</param>
    /// <param name="transactionId">12 bytes.</param>
    public StunWriter(Span<byte> buffer, ushort type, ReadOnlySpan<byte> transactionId)
    {
        _buffer = buffer;
        _writer = new WireWriter(buffer);
        HasHeader = _writer.TryWriteUInt16(type) && _writer.TryWriteUInt16(0) && _writer.TryWriteUInt32(StunHeader.MagicCookie) && _writer.TryWriteBytes(transactionId);
    }

    /// <summary>Whether the buffer was large enough for a header.</summary>
    public bool HasHeader { get; }

    /// <summary>Writes an attribute with its padding.</summary>
    /// <param name="type">The type.</param>
    /// <param name="value">The value.</param>
    public bool TryWrite(StunAttribute type, scoped ReadOnlySpan<byte> value)
    {
        int padding = (4 - (value.Length % 4)) % 4;
        if (!HasHeader || _writer.Remaining < sizeof(uint) + value.Length + padding) return false;
        _writer.TryWriteUInt16((ushort)type);
        _writer.TryWriteUInt16((ushort)value.Length);
        _writer.TryWriteBytes(value);
        _writer.TryReserve(padding, out Span<byte> zeros);
        zeros.Clear();
        return true;
    }

    /// <summary>Writes an address in clear (RFC 8489 §14.1).</summary>
    /// <param name="type">The attribute.</param>
    /// <param name="address">4 or 16 bytes.</param>
    /// <param name="port">The port.</param>
    public bool TryWriteAddress(StunAttribute type, scoped ReadOnlySpan<byte> address, ushort port)
    {
        Span<byte> value = stackalloc byte[sizeof(uint) + 16];
        value[0] = 0;
        value[1] = address.Length == Ipv4Size ? Ipv4Family : Ipv6Family;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], port);
        address.CopyTo(value[sizeof(uint)..]);
        return TryWrite(type, value[..(sizeof(uint) + address.Length)]);
    }

    /// <summary>Writes the sender's address, masked (RFC 8489 §14.2).</summary>
    /// <param name="address">4 or 16 bytes.</param>
    /// <param name="port">The port.</param>
    public bool TryWriteMapped(scoped ReadOnlySpan<byte> address, ushort port)
    {
        if (!HasHeader) return false;
        Span<byte> masked = stackalloc byte[16];
        address.CopyTo(masked);
        for (int i = 0; i < address.Length; i++) masked[i] ^= _buffer[StunHeader.CookieOffset + i];
        return TryWriteAddress(StunAttribute.XorMappedAddress, masked[..address.Length], (ushort)(port ^ (StunHeader.MagicCookie >> 16)));
    }

    /// <summary>Ends the message.</summary>
    /// <param name="withFingerprint">Whether to append the check sum.</param>
    /// <returns>Its length; 0 when there was no room.</returns>
    public int Finish(bool withFingerprint)
    {
        if (!HasHeader || (withFingerprint && _writer.Remaining < FingerprintSize)) return 0;
        int length = _writer.Position + (withFingerprint ? FingerprintSize : 0);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(length - StunHeader.Size));
        if (!withFingerprint) return length;
        Span<byte> value = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(value, StunFingerprint.Compute(_writer.Written));
        return TryWrite(StunAttribute.Fingerprint, value) ? length : 0;
    }
}
