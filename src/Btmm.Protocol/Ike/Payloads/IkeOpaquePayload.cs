namespace Btmm.Protocol.Ike.Payloads;

/// <summary>A payload that is known but not used here, or unknown and not critical (RFC 7296 §2.5).</summary>
internal sealed class IkeOpaquePayload(IkePayloadType type, byte[] data) : IkePayload
{
    public override IkePayloadType Type { get; } = type;

    public byte[] Data { get; } = data;

    public override void WriteBody(ref IkeWriter writer) => writer.Bytes(Data);
}
