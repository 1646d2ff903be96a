namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Nonce (RFC 7296 §3.9).</summary>
internal sealed class IkeNoncePayload(byte[] data) : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.Nonce;

    public byte[] Data { get; } = data;

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        if (body.Length is < IkeLimits.MinNonce or > IkeLimits.MaxNonce) return false;
        payload = new IkeNoncePayload(body.ToArray());
        return true;
    }

    public override void WriteBody(ref IkeWriter writer) => writer.Bytes(Data);
}
