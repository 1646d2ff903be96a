using System.Buffers.Binary;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Notify (RFC 7296 §3.10).</summary>
internal sealed class IkeNotifyPayload(IkeNotifyType notifyType, byte[]? data = null, IkeProtocolId protocol = IkeProtocolId.None, byte[]? spi = null)
    : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.Notify;

    public IkeNotifyType NotifyType { get; } = notifyType;

    public IkeProtocolId Protocol { get; } = protocol;

    public byte[] Spi { get; } = spi ?? [];

    public byte[] Data { get; } = data ?? [];

    public bool IsError => (ushort)NotifyType < 16384;

    /// <summary>The SPI when it is one of ESP.</summary>
    public uint? EspSpi => Protocol == IkeProtocolId.Esp && Spi.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(Spi) : null;

    public static IkeNotifyPayload ForEsp(IkeNotifyType type, uint spi)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, spi);
        return new IkeNotifyPayload(type, null, IkeProtocolId.Esp, bytes);
    }

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryByte(out byte protocol) || !reader.TryByte(out byte spiSize) || !reader.TryUInt16(out ushort type)) return false;
        if (!reader.TryTake(spiSize, out ReadOnlySpan<byte> spi)) return false;
        payload = new IkeNotifyPayload((IkeNotifyType)type, reader.TakeRest().ToArray(), (IkeProtocolId)protocol, spi.ToArray());
        return true;
    }

    // protocol(1) | SPI size(1) | type(2) | SPI | data
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.Byte((byte)Protocol);
        writer.Byte((byte)Spi.Length);
        writer.UInt16((ushort)NotifyType);
        writer.Bytes(Spi);
        writer.Bytes(Data);
    }
}
