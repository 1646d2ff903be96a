namespace Btmm.Protocol.Ike.Payloads;

/// <summary>One transform of a proposal (RFC 7296 §3.3.2).</summary>
/// <param name="Type">What it is for.</param>
/// <param name="Id">The algorithm.</param>
/// <param name="KeyBits">The Key Length attribute, 0 when absent.</param>
/// <param name="HasUnknownAttribute">Then the transform must not be chosen (RFC 7296 §3.3.6).</param>
internal readonly record struct IkeTransform(IkeTransformType Type, ushort Id, ushort KeyBits = 0, bool HasUnknownAttribute = false)
{
    private const ushort KeyLength = 14;
    private const ushort ShortForm = 0x8000;

    public static bool TryParse(ref IkeReader reader, bool isLast, out IkeTransform transform)
    {
        transform = default;
        if (!reader.TryByte(out byte more) || more != (isLast ? 0 : 3) || !reader.TryByte(out _)) return false;
        if (!reader.TryUInt16(out ushort length) || !reader.TryTake(length - 4, out ReadOnlySpan<byte> body)) return false;
        var fields = new IkeReader(body);
        if (!fields.TryByte(out byte type) || !fields.TryByte(out _) || !fields.TryUInt16(out ushort id)) return false;
        if (!TryAttributes(ref fields, out ushort keyBits, out bool unknown)) return false;
        transform = new IkeTransform((IkeTransformType)type, id, keyBits, unknown);
        return true;
    }

    // last(1: 0 or 3) | reserved(1) | length(2) | type(1) | reserved(1) | id(2) | [0x800E | key bits(2)]
    public void Write(ref IkeWriter writer, bool isLast)
    {
        writer.Byte((byte)(isLast ? 0 : 3));
        writer.Byte(0);
        writer.UInt16((ushort)(KeyBits == 0 ? 8 : 12));
        writer.Byte((byte)Type);
        writer.Byte(0);
        writer.UInt16(Id);
        if (KeyBits == 0) return;
        writer.UInt16(ShortForm | KeyLength);
        writer.UInt16(KeyBits);
    }

    private static bool TryAttributes(ref IkeReader fields, out ushort keyBits, out bool unknown)
    {
        keyBits = 0;
        unknown = false;
        for (int i = 0; fields.Remaining > 0; i++)
        {
            if (i == IkeLimits.MaxAttributes) return false;
            if (!fields.TryUInt16(out ushort type) || !fields.TryUInt16(out ushort value)) return false;
            if (type == (ShortForm | KeyLength))
            {
                keyBits = value;
                continue;
            }

            unknown = true;
            if ((type & ShortForm) == 0 && !fields.TryTake(value, out _)) return false;
        }

        return true;
    }
}
