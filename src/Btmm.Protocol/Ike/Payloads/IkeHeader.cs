namespace Btmm.Protocol.Ike.Payloads;

/// <summary>The fixed header (RFC 7296 §3.1).</summary>
internal readonly record struct IkeHeader
{
    public const int Size = 28;

    public const byte Version2 = 0x20;

    public ulong InitiatorSpi { get; init; }

    public ulong ResponderSpi { get; init; }

    public IkePayloadType NextPayload { get; init; }

    public byte Version { get; init; }

    public IkeExchangeType Exchange { get; init; }

    public IkeHeaderFlags Flags { get; init; }

    public uint MessageId { get; init; }

    public uint Length { get; init; }

    public int MajorVersion => Version >> 4;

    public bool IsResponse => (Flags & IkeHeaderFlags.Response) != 0;

    /// <summary>Whether the sender started the IKE SA.</summary>
    public bool FromInitiator => (Flags & IkeHeaderFlags.Initiator) != 0;

    /// <summary>Reads the header; false unless the whole message is there and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out IkeHeader header)
    {
        header = default;
        if (message.Length is < Size or > IkeLimits.MaxMessage) return false;
        var reader = new IkeReader(message);
        reader.TryUInt64(out ulong initiator);
        reader.TryUInt64(out ulong responder);
        reader.TryByte(out byte next);
        reader.TryByte(out byte version);
        reader.TryByte(out byte exchange);
        reader.TryByte(out byte flags);
        reader.TryUInt32(out uint id);
        reader.TryUInt32(out uint length);
        header = new IkeHeader
        {
            InitiatorSpi = initiator,
            ResponderSpi = responder,
            NextPayload = (IkePayloadType)next,
            Version = version,
            Exchange = (IkeExchangeType)exchange,
            Flags = (IkeHeaderFlags)flags,
            MessageId = id,
            Length = length,
        };
        return length == message.Length;
    }

    // 0 initiator SPI(8) | 8 responder SPI(8) | 16 next payload | 17 version | 18 exchange | 19 flags | 20 message id(4) | 24 length(4)
    public void Write(ref IkeWriter writer)
    {
        writer.UInt64(InitiatorSpi);
        writer.UInt64(ResponderSpi);
        writer.Byte((byte)NextPayload);
        writer.Byte(Version);
        writer.Byte((byte)Exchange);
        writer.Byte((byte)Flags);
        writer.UInt32(MessageId);
        writer.UInt32(Length);
    }
}
