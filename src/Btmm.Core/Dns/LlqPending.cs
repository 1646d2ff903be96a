using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>A request that is out on the socket of an <see cref="LlqClient"/>: its bytes, for retransmission, and its signature.</summary>
internal sealed class LlqPending : IDisposable
{
    private readonly TsigClientTransaction? _tsig;

    public LlqPending(DnsMessage message, TsigKey? key, DateTimeOffset now)
    {
        Message = message;
        byte[] bytes = message.ToArray();
        if (key is null)
        {
            Bytes = bytes;
            return;
        }

        _tsig = new TsigClientTransaction(key);
        byte[] signed = new byte[bytes.Length + _tsig.SignatureSize];
        bytes.CopyTo(signed, 0);
        Bytes = _tsig.TrySignRequest(signed, bytes.Length, now, out int length) ? signed.AsMemory(0, length) : bytes;
    }

    public DnsMessage Message { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Whether the answer is to be believed: always without a key.</summary>
    public bool Verify(ReadOnlySpan<byte> answer, DateTimeOffset now, out TsigVerdict verdict)
    {
        verdict = _tsig?.VerifyResponse(answer, now) ?? new TsigVerdict(TsigStatus.Valid, TsigError.None, false, null);
        return verdict.Status == TsigStatus.Valid;
    }

    public void Dispose() => _tsig?.Dispose();
}
