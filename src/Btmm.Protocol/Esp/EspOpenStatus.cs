namespace Btmm.Protocol.Esp;

/// <summary>How <see cref="EspInboundSa.TryOpen"/> ended.</summary>
public enum EspOpenStatus
{
    /// <summary>The packet is authentic and new; its payload is in place.</summary>
    Opened,

    /// <summary>The packet is authentic and new, but a dummy to be dropped (RFC 4303 §2.6).</summary>
    Dummy,

    /// <summary>Too short, badly aligned, or (though authentic) with bad padding.</summary>
    Malformed,

    /// <summary>Its sequence number was received before, or is 0.</summary>
    Replayed,

    /// <summary>Its sequence number lies below the replay window.</summary>
    TooOld,

    /// <summary>The ICV is wrong.</summary>
    NotAuthentic,
}
