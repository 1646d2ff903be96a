namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Traffic selectors of one side (RFC 7296 §3.13).</summary>
internal sealed class IkeTrafficSelectorsPayload(bool isInitiator, IReadOnlyList<IkeTrafficSelector> selectors) : IkePayload
{
    public override IkePayloadType Type =>
        isInitiator ? IkePayloadType.TrafficSelectorsInitiator : IkePayloadType.TrafficSelectorsResponder;

    public IReadOnlyList<IkeTrafficSelector> Selectors { get; } = selectors;

    public static bool TryParse(bool isInitiator, ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        if (!reader.TryByte(out byte count) || !reader.TryTake(3, out _)) return false;
        if (count is 0 or > IkeLimits.MaxTrafficSelectors) return false;
        var selectors = new List<IkeTrafficSelector>(count);
        for (int i = 0; i < count; i++)
        {
            if (!IkeTrafficSelector.TryParse(ref reader, out IkeTrafficSelector? selector) || selector is null) return false;
            selectors.Add(selector);
        }

        if (reader.Remaining != 0) return false;
        payload = new IkeTrafficSelectorsPayload(isInitiator, selectors);
        return true;
    }

    // number(1) | reserved(3) | selectors
    public override void WriteBody(ref IkeWriter writer)
    {
        writer.Byte((byte)Selectors.Count);
        writer.Byte(0);
        writer.UInt16(0);
        foreach (IkeTrafficSelector selector in Selectors) selector.Write(ref writer);
    }
}
