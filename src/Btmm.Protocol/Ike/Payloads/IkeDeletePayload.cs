namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Delete (RFC 7296 §3.11): the IKE SA itself, or ESP SAs by the SPIs that their receiver chose.</summary>
internal sealed class IkeDeletePayload(IkeProtocolId protocol, IReadOnlyList<uint> spis) : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.Delete;

    public IkeProtocolId Protocol { get; } = protocol;

    public IReadOnlyList<uint> Spis { get; } = spis;

    public static IkeDeletePayload IkeSa { get; } = new(IkeProtocolId.Ike, []);

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryByte(out byte protocol) || !reader.TryByte(out byte size) || !reader.TryUInt16(out ushort count)) return false;
        if (count > IkeLimits.MaxDeletedSpis || reader.Remaining != size * count) return false;
        if ((IkeProtocolId)protocol == IkeProtocolId.Ike)
        {
            if (size != 0 || count != 0) return false;
        }
        else if (size != 4)
        {
            return false;
        }

        var spis = new uint[count];
        for (int i = 0; i < spis.Length; i++) reader.TryUInt32(out spis[i]);
        payload = new IkeDeletePayload((IkeProtocolId)protocol, spis);
        return true;
    }

    // protocol(1) | SPI size(1) | number of SPIs(2) | SPIs
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.Byte((byte)Protocol);
        writer.Byte((byte)(Protocol == IkeProtocolId.Ike ? 0 : 4));
        writer.UInt16((ushort)Spis.Count);
        foreach (uint spi in Spis) writer.UInt32(spi);
    }
}
