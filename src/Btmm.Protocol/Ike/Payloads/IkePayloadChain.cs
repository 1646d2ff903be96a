namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Reads and writes chains of payloads (RFC 7296 §3.2). Never throws on what comes from the network.</summary>
internal static class IkePayloadChain
{
    private const int HeaderSize = 4;
    private const byte Critical = 0x80;

    /// <summary>Reads the payloads that follow the message header or lie inside an encrypted payload.</summary>
    /// <param name="first">The type of the first one.</param>
    /// <param name="message">The bytes.</param>
    /// <param name="offset">Where the chain starts.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="payloads">What was read; empty on error.</param>
    /// <param name="offender">The type of an unknown critical payload.</param>
    public static IkeParseError Parse(
        IkePayloadType first, ReadOnlySpan<byte> message, int offset, int end, out List<IkePayload> payloads, out byte offender)
    {
        payloads = [];
        offender = 0;
        IkePayloadType type = first;
        while (type != IkePayloadType.None)
        {
            IkeParseError error = payloads.Count == IkeLimits.MaxPayloads || end - offset < HeaderSize
                ? IkeParseError.InvalidSyntax
                : ParseOne(ref type, message, ref offset, end, payloads);
            if (error == IkeParseError.None) continue;
            offender = (byte)type;
            payloads = [];
            return error;
        }

        if (offset == end) return IkeParseError.None;
        payloads = [];
        return IkeParseError.InvalidSyntax;
    }

    public static void Write(ref IkeWriter writer, IReadOnlyList<IkePayload> payloads)
    {
        for (int i = 0; i < payloads.Count; i++)
        {
            int start = writer.Written;
            writer.Byte((byte)(i + 1 < payloads.Count ? payloads[i + 1].Type : IkePayloadType.None));
            writer.Byte(0);
            writer.UInt16(0);
            payloads[i].WriteBody(ref writer);
            writer.PatchLength16(start + 2, start);
        }
    }

    // next(1) | critical bit + reserved(1) | length(2)
    private static IkeParseError ParseOne(
        ref IkePayloadType type, ReadOnlySpan<byte> message, ref int offset, int end, List<IkePayload> payloads)
    {
        var next = (IkePayloadType)message[offset];
        bool critical = (message[offset + 1] & Critical) != 0;
        int length = message[offset + 2] << 8 | message[offset + 3];
        if (length < HeaderSize || length > end - offset) return IkeParseError.InvalidSyntax;
        int bodyOffset = offset + HeaderSize;
        offset += length;
        if (type == IkePayloadType.Encrypted)
        {
            if (offset != end) return IkeParseError.InvalidSyntax;
            payloads.Add(new IkeEncryptedPayload(next, bodyOffset));
            type = IkePayloadType.None;
            return IkeParseError.None;
        }

        if (!IsKnown(type) && critical) return IkeParseError.UnsupportedCriticalPayload;
        if (!TryParseBody(type, message[bodyOffset..offset], out IkePayload? payload) || payload is null) return IkeParseError.InvalidSyntax;
        payloads.Add(payload);
        type = next;
        return IkeParseError.None;
    }

    private static bool IsKnown(IkePayloadType type) =>
        type is >= IkePayloadType.SecurityAssociation and <= IkePayloadType.Eap;

    private static bool TryParseBody(IkePayloadType type, ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        switch (type)
        {
            case IkePayloadType.SecurityAssociation: return IkeSaPayload.TryParse(body, out payload);
            case IkePayloadType.KeyExchange: return IkeKeyExchangePayload.TryParse(body, out payload);
            case IkePayloadType.IdInitiator: return IkeIdentificationPayload.TryParse(true, body, out payload);
            case IkePayloadType.IdResponder: return IkeIdentificationPayload.TryParse(false, body, out payload);
            case IkePayloadType.Authentication: return IkeAuthenticationPayload.TryParse(body, out payload);
            case IkePayloadType.Nonce: return IkeNoncePayload.TryParse(body, out payload);
            case IkePayloadType.Notify: return IkeNotifyPayload.TryParse(body, out payload);
            case IkePayloadType.Delete: return IkeDeletePayload.TryParse(body, out payload);
            case IkePayloadType.TrafficSelectorsInitiator: return IkeTrafficSelectorsPayload.TryParse(true, body, out payload);
            case IkePayloadType.TrafficSelectorsResponder: return IkeTrafficSelectorsPayload.TryParse(false, body, out payload);
            default:
                payload = new IkeOpaquePayload(type, body.ToArray());
                return true;
        }
    }
}
