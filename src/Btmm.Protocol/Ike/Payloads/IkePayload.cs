namespace Btmm.Protocol.Ike.Payloads;

/// <summary>One payload of a message. Immutable.</summary>
internal abstract class IkePayload
{
    public abstract IkePayloadType Type { get; }

    /// <summary>Writes what follows the generic payload header (RFC 7296 §3.2).</summary>
    public abstract void WriteBody(ref IkeWriter writer);
}
