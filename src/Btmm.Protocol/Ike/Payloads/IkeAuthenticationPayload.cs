namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Authentication (RFC 7296 §3.8).</summary>
internal sealed class IkeAuthenticationPayload(byte method, byte[] data) : IkePayload
{
    public const byte SharedKeyMic = 2;

    public override IkePayloadType Type => IkePayloadType.Authentication;

    public byte Method { get; } = method;

    public byte[] Data { get; } = data;

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryByte(out byte method) || !reader.TryTake(3, out _)) return false;
        payload = new IkeAuthenticationPayload(method, reader.TakeRest().ToArray());
        return true;
    }

    // method(1) | reserved(3) | data
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.Byte(Method);
        writer.Byte(0);
        writer.UInt16(0);
        writer.Bytes(Data);
    }
}
