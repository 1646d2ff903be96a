using System.Buffers.Binary;

namespace Btmm.Protocol.Esp;

/// <summary>
/// The receiving half of a child SA: checks for replay, verifies and decrypts in place, then marks, in this order
/// (RFC 4303 §3.4). An unauthenticated packet changes no state. Allocates nothing per packet. Not thread-safe.
/// </summary>
public sealed class EspInboundSa : IDisposable
{
    private readonly IAeadCipher _cipher;
    private readonly bool _extended;
    private readonly byte[] _nonce = new byte[EspConstants.SaltLength + EspConstants.IvLength];
    private readonly byte[] _associatedData;
    private readonly ReplayWindow _window;

    /// <summary>Takes a copy of the keys.</summary>
    /// <param name="parameters">SPI, algorithm and keys of this direction.</param>
    /// <param name="ciphers">Makes the cipher; null for the class library's.</param>
    /// <param name="windowSize">Sequence numbers that the replay window remembers: a power of two.</param>
    /// <exception cref="ArgumentException">The keying material's length does not fit the algorithm.</exception>
    public EspInboundSa(
        EspSaParameters parameters, IAeadCipherFactory? ciphers = null, int windowSize = EspConstants.ReplayWindowSize)
    {
        _window = new ReplayWindow(windowSize);
        _cipher = EspKeys.CreateCipher(parameters, ciphers, _nonce);
        Spi = parameters.Spi;
        _extended = parameters.ExtendedSequenceNumbers;
        _associatedData = new byte[_extended ? 12 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(_associatedData, Spi);
    }

    /// <summary>The security parameters index that we chose.</summary>
    public uint Spi { get; }

    /// <summary>The highest sequence number received authentically.</summary>
    public ulong Highest => _window.Highest;

    /// <summary>
    /// Opens the ESP packet in <paramref name="packet"/> in place. <paramref name="opened"/> is meaningful for
    /// <see cref="EspOpenStatus.Opened"/> and, but for the payload, <see cref="EspOpenStatus.Dummy"/>.
    /// </summary>
    public EspOpenStatus TryOpen(Span<byte> packet, out EspOpened opened)
    {
        opened = default;
        int plain = packet.Length - EspConstants.Prefix - EspConstants.IcvLength;
        if (plain < EspConstants.Alignment || plain % EspConstants.Alignment != 0
            || BinaryPrimitives.ReadUInt32BigEndian(packet) != Spi)
        {
            return EspOpenStatus.Malformed;
        }
        uint low = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        ulong sequence = _extended ? _window.Extend(low) : low;
        ReplayVerdict verdict = _window.Check(sequence);
        if (verdict != ReplayVerdict.Fresh)
            return verdict == ReplayVerdict.Seen ? EspOpenStatus.Replayed : EspOpenStatus.TooOld;

        Span<byte> data = packet.Slice(EspConstants.Prefix, plain);
        packet.Slice(EspConstants.HeaderLength, EspConstants.IvLength).CopyTo(_nonce.AsSpan(EspConstants.SaltLength));
        if (_extended) BinaryPrimitives.WriteUInt64BigEndian(_associatedData.AsSpan(4), sequence);
        else BinaryPrimitives.WriteUInt32BigEndian(_associatedData.AsSpan(4), low);
        if (!_cipher.TryOpen(_nonce, _associatedData, data, packet[^EspConstants.IcvLength..]))
            return EspOpenStatus.NotAuthentic;

        bool newest = _window.Mark(sequence);
        return TryStrip(data, newest, out opened);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cipher.Dispose();
        Array.Clear(_nonce);
    }

    // payload | padding 1 2 3 .. | pad length | next header (RFC 4303 §2.4: the padding is inspected)
    private static EspOpenStatus TryStrip(ReadOnlySpan<byte> data, bool newest, out EspOpened opened)
    {
        byte nextHeader = data[^1];
        int padding = data[^2];
        int length = data.Length - EspConstants.TrailerLength - padding;
        opened = new EspOpened(EspConstants.Prefix, Math.Max(length, 0), nextHeader, newest);
        if (length < 0) return EspOpenStatus.Malformed;
        if (nextHeader == EspConstants.NextHeaderNone) return EspOpenStatus.Dummy;
        for (int i = 1; i <= padding; i++)
        {
            if (data[length + i - 1] != (byte)i) return EspOpenStatus.Malformed;
        }
        return EspOpenStatus.Opened;
    }
}
