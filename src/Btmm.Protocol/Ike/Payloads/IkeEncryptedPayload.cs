namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Encrypted and Authenticated, still closed (RFC 7296 §3.14). Always the last payload.</summary>
internal sealed class IkeEncryptedPayload(IkePayloadType firstInner, int bodyOffset) : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.Encrypted;

    /// <summary>The type of the first payload inside.</summary>
    public IkePayloadType FirstInner { get; } = firstInner;

    /// <summary>Where the initialization vector starts in the message; what is before is authenticated in clear (RFC 5282 §5.1).</summary>
    public int BodyOffset { get; } = bodyOffset;

    public override void WriteBody(ref IkeWriter writer)
    {
    }
}
