namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Key Exchange (RFC 7296 §3.4).</summary>
internal sealed class IkeKeyExchangePayload(ushort group, byte[] data) : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.KeyExchange;

    public ushort Group { get; } = group;

    public byte[] Data { get; } = data;

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryUInt16(out ushort group) || !reader.TryUInt16(out _) || reader.Remaining == 0) return false;
        payload = new IkeKeyExchangePayload(group, reader.TakeRest().ToArray());
        return true;
    }

    // group(2) | reserved(2) | public value
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.UInt16(Group);
        writer.UInt16(0);
        writer.Bytes(Data);
    }
}
