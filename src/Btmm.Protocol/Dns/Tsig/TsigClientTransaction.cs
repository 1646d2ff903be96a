using System.Buffers.Binary;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>
/// The client's side of one exchange: signs a request, then verifies the response or the messages of a TCP stream in their
/// order. Not thread-safe; disposing returns the hash in use to the key.
/// </summary>
public sealed class TsigClientTransaction : IDisposable
{
    private readonly TsigKey _key;
    private readonly ushort _fudge;
    private readonly byte[] _priorMac = new byte[TsigKeyLimits.MaxMac];
    private int _priorMacLength;
    private TsigMac? _stream;
    private int _unsignedInStream;
    private bool _isContinuation;

    /// <summary>Begins an exchange.</summary>
    /// <param name="key">The key; it stays its owner's.</param>
    /// <param name="fudge">How far the clocks may differ; null is 300 s.</param>
    public TsigClientTransaction(TsigKey key, TimeSpan? fudge = null)
    {
        _key = key;
        _fudge = (ushort)Math.Clamp((fudge ?? TsigPolicy.RecommendedFudge).TotalSeconds, 0, ushort.MaxValue);
    }

    /// <summary>Bytes that <see cref="TrySignRequest"/> appends.</summary>
    public int SignatureSize => _key.SignatureSize;

    /// <summary>Signs a request in place (RFC 8945 §5.1). Signing again starts the exchange anew.</summary>
    /// <param name="buffer">The request, with room behind it.</param>
    /// <param name="length">Bytes in the request.</param>
    /// <param name="now">The client's clock.</param>
    /// <param name="written">Bytes in the request with its TSIG record.</param>
    /// <returns>False when there is no room.</returns>
    public bool TrySignRequest(Span<byte> buffer, int length, DateTimeOffset now, out int written)
    {
        written = 0;
        if (length < DnsHeader.Size || length > buffer.Length) return false;
        ReadOnlySpan<byte> name = _key.CanonicalName.Span;
        ReadOnlySpan<byte> algorithm = _key.Algorithm.WireName.Wire;
        ulong time = (ulong)Math.Max(0, now.ToUnixTimeSeconds());
        ushort id = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        TsigMac mac = _key.Rent();
        TsigDigest.AppendMessage(mac, buffer[..length], id, tsigRecords: 0);
        TsigDigest.AppendVariables(mac, name, algorithm, time, _fudge, TsigError.None, []);
        Span<byte> hash = stackalloc byte[TsigKeyLimits.MaxMac];
        mac.Finish(hash);
        _key.Return(mac);
        hash = hash[.._key.Algorithm.MacLength];
        Remember(hash);
        _isContinuation = false;
        ReleaseStream();
        return TsigDigest.TryAppend(buffer, length, name, algorithm, time, _fudge, hash, id, TsigError.None, [], out written);
    }

    /// <summary>
    /// Verifies the next message of the answer (§5.4). A message of a stream without TSIG is NotSigned and held against the
    /// next one with; after 99 of them it is BadSignature. The caller rejects a stream whose last message is NotSigned.
    /// </summary>
    /// <param name="message">The bytes received.</param>
    /// <param name="now">The client's clock.</param>
    public TsigVerdict VerifyResponse(ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        TsigStatus found = TsigView.Find(message, out TsigView tsig);
        if (found == TsigStatus.NotSigned) return NotSigned(message);
        if (found != TsigStatus.Valid) return new TsigVerdict(found, TsigError.None, false, null);
        DnsHeader.TryRead(message, out DnsHeader header);
        bool isRejection = header.Rcode == DnsRcode.NotAuth && tsig.Error != TsigError.None;
        TsigStatus status = Check(message, tsig, now);
        bool isAuthentic = status is TsigStatus.Valid or TsigStatus.BadTime;
        if (!isRejection) return new TsigVerdict(status, TsigError.None, isAuthentic, null);
        return new TsigVerdict(TsigStatus.RejectedByServer, tsig.Error, isAuthentic, ReadServerTime(tsig));
    }

    /// <inheritdoc/>
    public void Dispose() => ReleaseStream();

    private static DateTimeOffset? ReadServerTime(TsigView tsig)
    {
        if (tsig.Error != TsigError.BadTime || tsig.Other.Length != TsigKeyLimits.ServerTimeSize) return null;
        new WireReader(tsig.Other).TryReadUInt48(out ulong seconds);
        return seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;
    }

    private TsigStatus Check(ReadOnlySpan<byte> message, TsigView tsig, DateTimeOffset now)
    {
        Span<byte> name = stackalloc byte[DnsNameWire.MaxLength];
        if (!DnsNameWire.TryExpand(message, tsig.NameOffset, name, out int nameLength, out _)) return TsigStatus.Malformed;
        bool isOurKey = DnsNameWire.Equals(name[..nameLength], _key.CanonicalName.Span)
            && DnsNameWire.Equals(tsig.Algorithm, _key.Algorithm.WireName.Wire);
        if (!isOurKey) return TsigStatus.BadKey;
        // A server answers with a MAC at least as long as ours, which is never cut below the algorithm's length (§7).
        if (tsig.Mac.Length != _key.Algorithm.MacLength) return TsigStatus.BadSignature;

        TsigMac mac = TakeStream();
        TsigDigest.AppendMessage(mac, message[..tsig.RecordOffset], tsig.OriginalId, tsigRecords: 1);
        if (_isContinuation) TsigDigest.AppendTimers(mac, tsig.TimeSigned, tsig.Fudge);
        else TsigDigest.AppendVariables(mac, _key.CanonicalName.Span, tsig.Algorithm, tsig.TimeSigned, tsig.Fudge, tsig.Error, tsig.Other);
        bool isValid = TsigDigest.Equals(mac, tsig.Mac);
        _key.Return(mac);
        if (!isValid) return TsigStatus.BadSignature;
        if (!TsigDigest.IsTimely(tsig.TimeSigned, tsig.Fudge, now)) return TsigStatus.BadTime;
        Remember(tsig.Mac);
        _isContinuation = true;
        _unsignedInStream = 0;
        return TsigStatus.Valid;
    }

    private TsigVerdict NotSigned(ReadOnlySpan<byte> message)
    {
        var notSigned = new TsigVerdict(TsigStatus.NotSigned, TsigError.None, false, null);
        if (!_isContinuation) return notSigned; // the first message must be signed; nothing is held
        if (++_unsignedInStream > TsigKeyLimits.MaxUnsignedInStream) return notSigned with { Status = TsigStatus.BadSignature };
        TsigMac mac = TakeStream();
        mac.Append(message);
        _stream = mac;
        return notSigned;
    }

    /// <summary>The hash of the stream since the last signed message, or a new one that begins with the prior MAC.</summary>
    private TsigMac TakeStream()
    {
        if (Interlocked.Exchange(ref _stream, null) is { } held) return held;
        TsigMac mac = _key.Rent();
        TsigDigest.AppendPriorMac(mac, _priorMac.AsSpan(0, _priorMacLength));
        return mac;
    }

    private void ReleaseStream()
    {
        _stream?.Dispose();
        _stream = null;
        _unsignedInStream = 0;
    }

    private void Remember(ReadOnlySpan<byte> mac)
    {
        mac.CopyTo(_priorMac);
        _priorMacLength = mac.Length;
    }
}
