namespace Btmm.Protocol.Esp;

/// <summary>How <see cref="EspOutboundSa.TrySeal"/> ended.</summary>
public enum EspSealStatus
{
    /// <summary>The packet is sealed.</summary>
    Sealed,

    /// <summary>The SA has used all its sequence numbers (RFC 4303 §3.3.3); nothing was written.</summary>
    Exhausted,

    /// <summary>The buffer lacks headroom or tailroom; nothing was written.</summary>
    NoRoom,
}
