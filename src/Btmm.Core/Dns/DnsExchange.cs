using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>One request to one server, and the judgement of what comes back. Not thread-safe.</summary>
internal sealed class DnsExchange : IDisposable
{
    private readonly DnsMessage _request;
    private readonly TsigKey? _key;
    private readonly TsigClientTransaction? _tsig;
    private readonly bool _acceptUnsigned;
    private readonly TimeProvider _time;

    public DnsExchange(DnsMessage request, IPEndPoint server, TsigKey? key, bool acceptUnsigned, TimeProvider time)
    {
        _request = request;
        _key = key;
        _acceptUnsigned = acceptUnsigned && request.Opcode == DnsOpcode.Update;
        _time = time;
        Server = server;
        byte[] bytes = request.ToArray();
        if (key is null)
        {
            Bytes = bytes;
            return;
        }

        _tsig = new TsigClientTransaction(key);
        byte[] signed = new byte[bytes.Length + _tsig.SignatureSize];
        bytes.CopyTo(signed, 0);
        if (!_tsig.TrySignRequest(signed, bytes.Length, time.GetUtcNow(), out int length))
            throw new BtmmException(BtmmErrorReason.InvalidValue, "The request is too long to be signed.", "Split it up.");
        Bytes = signed.AsMemory(0, length);
    }

    public IPEndPoint Server { get; }

    /// <summary>The request, signed when there is a key.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Why answers so far were not acceptable: what to report when nothing better comes.</summary>
    public BtmmException? Problem { get; private set; }

    /// <summary>Whether the server has said, without proof, that it rejects the request: then sending again is pointless.</summary>
    public bool IsRejected { get; private set; }

    /// <summary>
    /// Judges bytes that came from the server. Null: not acceptable, go on waiting (RFC 8945 §5.4, RFC 5452 §9.1).
    /// </summary>
    /// <exception cref="BtmmException">The server provably rejects the signature.</exception>
    public DnsReply? Judge(ReadOnlySpan<byte> bytes)
    {
        if (!DnsHeader.TryRead(bytes, out DnsHeader header) || header.Id != _request.Id || !header.IsResponse || header.Opcode != _request.Opcode) return null;
        if (!DnsMessage.TryParse(bytes, out DnsMessage? message, out DnsParseError error))
        {
            Problem ??= DnsErrors.Malformed(Server, $"it is malformed ({error})");
            return null;
        }

        if (!AnswersTheQuestion(message)) return null;
        if (_tsig is null || _key is null) return new DnsReply(message, Server, IsSigned: false);
        DateTimeOffset now = _time.GetUtcNow();
        TsigVerdict verdict = _tsig.VerifyResponse(bytes, now);
        if (verdict.Status == TsigStatus.Valid) return new DnsReply(message, Server, IsSigned: true);
        if (verdict.Status == TsigStatus.NotSigned && _acceptUnsigned) return new DnsReply(message, Server, IsSigned: false);
        // Some servers do not sign a refusal. It proves nothing, but says more than that the signature is missing.
        bool isRefusal = verdict.Status == TsigStatus.NotSigned && message.Rcode != DnsRcode.NoError;
        BtmmException problem = isRefusal
            ? DnsErrors.FromRcode(message.Rcode, Server, _request.Questions[0].Name)
            : DnsErrors.FromVerdict(verdict, Server, _key, now);
        if (verdict.IsAuthentic) throw problem;
        Problem = problem;
        IsRejected |= isRefusal || verdict.Status == TsigStatus.RejectedByServer;
        return null;
    }

    public void Dispose() => _tsig?.Dispose();

    private bool AnswersTheQuestion(DnsMessage message)
    {
        // Servers may leave the zone out of answers to UPDATE (RFC 2136 §3.8) and the question out of FORMERR.
        bool mayBeEmpty = _request.Opcode == DnsOpcode.Update || message.Rcode == DnsRcode.FormErr;
        return (message.Questions.Count == 0 && mayBeEmpty) || message.Questions.SequenceEqual(_request.Questions);
    }
}
