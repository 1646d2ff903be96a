using System.Text;

namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Identification of one side (RFC 7296 §3.5).</summary>
internal sealed class IkeIdentificationPayload(bool isInitiator, byte idType, byte[] data) : IkePayload
{
    public const byte Fqdn = 2;

    public override IkePayloadType Type => isInitiator ? IkePayloadType.IdInitiator : IkePayloadType.IdResponder;

    public byte IdType { get; } = idType;

    public byte[] Data { get; } = data;

    public static IkeIdentificationPayload FromHostName(bool isInitiator, string name) =>
        new(isInitiator, Fqdn, Encoding.ASCII.GetBytes(name));

    public static bool TryParse(bool isInitiator, ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryByte(out byte type) || !reader.TryTake(3, out _)) return false;
        payload = new IkeIdentificationPayload(isInitiator, type, reader.TakeRest().ToArray());
        return true;
    }

    /// <summary>The identity as a lower-case host name without final dot; false for other kinds and anything odd in the bytes.</summary>
    public bool TryGetHostName(out string name)
    {
        name = "";
        if (IdType != Fqdn || Data.Length is 0 or > 255) return false;
        foreach (byte b in Data)
            if (b is <= 0x20 or >= 0x7F) return false;
        name = Normalize(Encoding.ASCII.GetString(Data));
        return name.Length > 0;
    }

    public static string Normalize(string name) => name.TrimEnd('.').ToLowerInvariant();

    // type(1) | reserved(3) | data
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.Byte(IdType);
        writer.Byte(0);
        writer.UInt16(0);
        writer.Bytes(Data);
    }
}
