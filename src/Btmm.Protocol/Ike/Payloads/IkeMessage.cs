namespace Btmm.Protocol.Ike.Payloads;

/// <summary>A decoded message: its header and payloads, opened when they were encrypted.</summary>
internal sealed class IkeMessage(IkeHeader header, IReadOnlyList<IkePayload> payloads)
{
    public IkeHeader Header { get; } = header;

    public IReadOnlyList<IkePayload> Payloads { get; } = payloads;

    /// <summary>The one payload of this class; null when there is none or more than one.</summary>
    public T? Single<T>() where T : IkePayload
    {
        T? found = null;
        foreach (IkePayload payload in Payloads)
        {
            if (payload is not T match) continue;
            if (found is not null) return null;
            found = match;
        }

        return found;
    }

    /// <summary>The one payload of this type; null when there is none or more than one.</summary>
    public T? Single<T>(IkePayloadType type) where T : IkePayload
    {
        T? found = null;
        foreach (IkePayload payload in Payloads)
        {
            if (payload.Type != type || payload is not T match) continue;
            if (found is not null) return null;
            found = match;
        }

        return found;
    }

    public IkeNotifyPayload? Notify(IkeNotifyType type)
    {
        foreach (IkePayload payload in Payloads)
            if (payload is IkeNotifyPayload notify && notify.NotifyType == type) return notify;
        return null;
    }

    public IEnumerable<IkeNotifyPayload> Notifies(IkeNotifyType type) =>
        Payloads.OfType<IkeNotifyPayload>().Where(n => n.NotifyType == type);

    public bool Has(IkeNotifyType type) => Notify(type) is not null;

    /// <summary>The first error notification.</summary>
    public IkeNotifyPayload? Error => Payloads.OfType<IkeNotifyPayload>().FirstOrDefault(n => n.IsError);
}
