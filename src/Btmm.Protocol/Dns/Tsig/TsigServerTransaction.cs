using System.Buffers.Binary;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>
/// The server's side of one exchange: verifies a request, then signs the response or responses to it. Reusable: each
/// <see cref="Verify"/> starts anew, and no call allocates once the key has been used before. Not thread-safe.
/// </summary>
public sealed class TsigServerTransaction
{
    private static readonly ushort s_fudge = (ushort)TsigPolicy.RecommendedFudge.TotalSeconds;

    private readonly byte[] _keyName = new byte[DnsNameWire.MaxLength];
    private readonly byte[] _algorithm = new byte[DnsNameWire.MaxLength];
    private readonly byte[] _priorMac = new byte[TsigKeyLimits.MaxMac];
    private int _keyNameLength;
    private int _algorithmLength;
    private int _priorMacLength;
    private ulong _timeSigned;
    private ushort _fudge;
    private ushort _originalId;
    private bool _isContinuation;

    /// <summary>What the last <see cref="Verify"/> found.</summary>
    public TsigStatus Status { get; private set; }

    /// <summary>The key of a request whose MAC verified (also with BADTIME and BADTRUNC), else null.</summary>
    public TsigKey? Key { get; private set; }

    /// <summary>The response code that goes with the status: NOERROR when the request may be worked on.</summary>
    public DnsRcode Rcode => Status switch
    {
        TsigStatus.NotSigned or TsigStatus.Valid => DnsRcode.NoError,
        TsigStatus.Malformed => DnsRcode.FormErr,
        _ => DnsRcode.NotAuth,
    };

    /// <summary>Bytes that <see cref="TrySignResponse"/> will append at most; leave them free when writing the response.</summary>
    public int SignatureSize => Status is TsigStatus.NotSigned or TsigStatus.Malformed
        ? 0
        : TsigDigest.RecordSize(_keyNameLength, _algorithmLength, Key?.Algorithm.MacLength ?? 0, TsigKeyLimits.ServerTimeSize);

    /// <summary>
    /// Verifies a request in the order of RFC 8945 §5.2: key, MAC, time, truncation. The bytes are those received; the key's
    /// name may be compressed in them.
    /// </summary>
    /// <param name="message">The whole request.</param>
    /// <param name="keys">The keys accepted.</param>
    /// <param name="now">The server's clock.</param>
    /// <param name="policy">What else is accepted; null is <see cref="TsigPolicy.Strict"/>.</param>
    public TsigStatus Verify(ReadOnlySpan<byte> message, ITsigKeyRing keys, DateTimeOffset now, TsigPolicy? policy = null)
    {
        BeginUnsigned();
        Status = TsigView.Find(message, out TsigView tsig);
        if (Status == TsigStatus.Valid) Status = Check(message, tsig, keys, now, policy ?? TsigPolicy.Strict);
        return Status;
    }

    /// <summary>Starts anew with a request that is known to have no TSIG record: the response gets none either.</summary>
    public void BeginUnsigned()
    {
        Key = null;
        _isContinuation = false;
        _priorMacLength = 0;
        Status = TsigStatus.NotSigned;
    }

    /// <summary>
    /// Appends the TSIG record that the status asks for: none to an unsigned or malformed request, one without MAC to
    /// BADKEY and BADSIG, else a signed one. Further calls sign further messages of a TCP answer (§5.3.1).
    /// </summary>
    /// <param name="buffer">The response, with room behind it.</param>
    /// <param name="length">Bytes in the response.</param>
    /// <param name="now">The server's clock.</param>
    /// <param name="written">Bytes in the response with its TSIG record.</param>
    /// <returns>False when there is no room; answer with question, TC and rcode 0 alone then (§5.3).</returns>
    public bool TrySignResponse(Span<byte> buffer, int length, DateTimeOffset now, out int written)
    {
        written = length;
        if (Status is TsigStatus.NotSigned or TsigStatus.Malformed) return true;
        ulong time = (ulong)Math.Max(0, now.ToUnixTimeSeconds());
        ReadOnlySpan<byte> name = _keyName.AsSpan(0, _keyNameLength);
        ReadOnlySpan<byte> algorithm = _algorithm.AsSpan(0, _algorithmLength);
        if (Key is null)
        {
            TsigError unsigned = Status == TsigStatus.BadKey ? TsigError.BadKey : TsigError.BadSig;
            return TsigDigest.TryAppend(buffer, length, name, algorithm, time, s_fudge, [], _originalId, unsigned, [], out written);
        }

        if (Status != TsigStatus.BadTime)
        {
            TsigError error = Status == TsigStatus.BadTruncation ? TsigError.BadTrunc : TsigError.None;
            return TrySign(buffer, length, Key, time, s_fudge, error, [], out written);
        }

        // The client's own time and fudge, so that it can verify the answer by its clock; ours in Other Data (§5.2.3).
        Span<byte> other = stackalloc byte[TsigKeyLimits.ServerTimeSize];
        new WireWriter(other).TryWriteUInt48(time);
        return TrySign(buffer, length, Key, _timeSigned, _fudge, TsigError.BadTime, other, out written);
    }

    private TsigStatus Check(ReadOnlySpan<byte> message, TsigView tsig, ITsigKeyRing keys, DateTimeOffset now, TsigPolicy policy)
    {
        if (!DnsNameWire.TryExpand(message, tsig.NameOffset, _keyName, out _keyNameLength, out _)) return TsigStatus.Malformed;
        tsig.Algorithm.CopyTo(_algorithm);
        _algorithmLength = tsig.Algorithm.Length;
        _timeSigned = tsig.TimeSigned;
        _fudge = tsig.Fudge;
        // The response carries the request's own id; the original one only serves the digest of the request.
        _originalId = BinaryPrimitives.ReadUInt16BigEndian(message);
        ReadOnlySpan<byte> name = _keyName.AsSpan(0, _keyNameLength);
        TsigKey? key = keys.Find(name);
        if (key is null || !DnsNameWire.Equals(tsig.Algorithm, key.Algorithm.WireName.Wire)) return TsigStatus.BadKey;
        if (tsig.Mac.Length > key.Algorithm.MacLength || tsig.Mac.Length < key.Algorithm.ShortestMac) return TsigStatus.Malformed;

        TsigMac mac = key.Rent();
        TsigDigest.AppendMessage(mac, message[..tsig.RecordOffset], tsig.OriginalId, tsigRecords: 1);
        TsigDigest.AppendVariables(mac, name, tsig.Algorithm, tsig.TimeSigned, tsig.Fudge, tsig.Error, tsig.Other);
        bool isValid = TsigDigest.Equals(mac, tsig.Mac);
        key.Return(mac);
        if (!isValid) return TsigStatus.BadSignature;

        Key = key;
        tsig.Mac.CopyTo(_priorMac);
        _priorMacLength = tsig.Mac.Length;
        if (!TsigDigest.IsTimely(tsig.TimeSigned, tsig.Fudge, now)) return TsigStatus.BadTime;
        return policy.Accepts(key.Algorithm, tsig.Mac.Length) ? TsigStatus.Valid : TsigStatus.BadTruncation;
    }

    private bool TrySign(
        Span<byte> buffer, int length, TsigKey key, ulong time, ushort fudge, TsigError error, ReadOnlySpan<byte> other, out int written)
    {
        written = 0;
        if (length < DnsHeader.Size) return false;
        ReadOnlySpan<byte> name = _keyName.AsSpan(0, _keyNameLength);
        ReadOnlySpan<byte> algorithm = _algorithm.AsSpan(0, _algorithmLength);
        ushort id = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        TsigMac mac = key.Rent();
        TsigDigest.AppendPriorMac(mac, _priorMac.AsSpan(0, _priorMacLength));
        TsigDigest.AppendMessage(mac, buffer[..length], id, tsigRecords: 0);
        if (_isContinuation) TsigDigest.AppendTimers(mac, time, fudge);
        else TsigDigest.AppendVariables(mac, name, algorithm, time, fudge, error, other);
        Span<byte> hash = stackalloc byte[TsigKeyLimits.MaxMac];
        mac.Finish(hash);
        key.Return(mac);
        hash = hash[..key.Algorithm.MacLength];
        if (!TsigDigest.TryAppend(buffer, length, name, algorithm, time, fudge, hash, id, error, other, out written)) return false;
        hash.CopyTo(_priorMac);
        _priorMacLength = hash.Length;
        _isContinuation = true;
        return true;
    }
}
