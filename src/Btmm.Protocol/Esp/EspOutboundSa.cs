using System.Buffers.Binary;

namespace Btmm.Protocol.Esp;

/// <summary>
/// The sending half of a child SA: seals packets in place (RFC 4303, RFC 4106). Allocates nothing per packet.
/// Not thread-safe.
/// </summary>
public sealed class EspOutboundSa : IDisposable
{
    private const int NonceLength = EspConstants.SaltLength + EspConstants.IvLength;
    private readonly IAeadCipher _cipher;
    private readonly bool _extended;
    private readonly byte[] _nonce = new byte[NonceLength];
    private readonly byte[] _associatedData;
    private readonly ulong _limit;
    private ulong _sequence;

    /// <summary>Takes a copy of the keys.</summary>
    /// <param name="parameters">SPI, algorithm and keys of this direction.</param>
    /// <param name="ciphers">Makes the cipher; null for the class library's.</param>
    /// <param name="firstSequence">The first packet's sequence number; other than 1 only to test the limits.</param>
    /// <exception cref="ArgumentException">The keying material's length does not fit the algorithm.</exception>
    public EspOutboundSa(EspSaParameters parameters, IAeadCipherFactory? ciphers = null, ulong firstSequence = 1)
    {
        _cipher = EspKeys.CreateCipher(parameters, ciphers, _nonce);
        Spi = parameters.Spi;
        _extended = parameters.ExtendedSequenceNumbers;
        _associatedData = new byte[_extended ? 12 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(_associatedData, Spi);
        _limit = _extended ? EspConstants.ExtendedPacketLimit : uint.MaxValue;
        _sequence = firstSequence - 1;
    }

    /// <summary>The security parameters index that the peer chose.</summary>
    public uint Spi { get; }

    /// <summary>The last sequence number used, which is also the number of packets sealed.</summary>
    public ulong Sequence => Volatile.Read(ref _sequence);

    // SPI | sequence | IV (64-bit sequence) | payload | 1 2 3.. | pad length | next header | ICV
    // Associated data: SPI | sequence, or SPI | high | low with extended sequence numbers (RFC 4106 §5).

    /// <summary>
    /// Seals the payload at <paramref name="offset"/> in place. It needs <see cref="EspConstants.Prefix"/> free bytes
    /// before and <see cref="EspConstants.MaxSuffix"/> after it; the bounds are moved to those of the ESP packet.
    /// </summary>
    public EspSealStatus TrySeal(Span<byte> buffer, ref int offset, ref int length, byte nextHeader = EspConstants.NextHeaderIpv6)
    {
        int padding = -(length + EspConstants.TrailerLength) & (EspConstants.Alignment - 1);
        int plain = length + padding + EspConstants.TrailerLength;
        int start = offset - EspConstants.Prefix;
        int total = EspConstants.Prefix + plain + EspConstants.IcvLength;
        if (start < 0 || length < 0 || total > buffer.Length - start) return EspSealStatus.NoRoom;
        if (_sequence >= _limit) return EspSealStatus.Exhausted;
        Volatile.Write(ref _sequence, _sequence + 1);

        Span<byte> packet = buffer.Slice(start, total);
        WriteHeader(packet);
        Span<byte> data = packet.Slice(EspConstants.Prefix, plain);
        for (int i = 1; i <= padding; i++) data[length + i - 1] = (byte)i;
        data[plain - 2] = (byte)padding;
        data[plain - 1] = nextHeader;
        _cipher.Seal(_nonce, _associatedData, data, packet[^EspConstants.IcvLength..]);
        offset = start;
        length = total;
        return EspSealStatus.Sealed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cipher.Dispose();
        Array.Clear(_nonce);
    }

    private void WriteHeader(Span<byte> packet)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet, Spi);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], (uint)_sequence);
        BinaryPrimitives.WriteUInt64BigEndian(packet[EspConstants.HeaderLength..], _sequence);
        BinaryPrimitives.WriteUInt64BigEndian(_nonce.AsSpan(EspConstants.SaltLength), _sequence);
        if (_extended) BinaryPrimitives.WriteUInt64BigEndian(_associatedData.AsSpan(4), _sequence);
        else BinaryPrimitives.WriteUInt32BigEndian(_associatedData.AsSpan(4), (uint)_sequence);
    }
}
