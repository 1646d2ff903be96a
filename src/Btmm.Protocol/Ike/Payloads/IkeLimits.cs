namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Bounds on what a message may contain. Our own, all far above what peers send.</summary>
internal static class IkeLimits
{
    /// <summary>Bytes of a whole message.</summary>
    public const int MaxMessage = 16 * 1024;

    /// <summary>Payloads in one chain; counted again inside an encrypted payload.</summary>
    public const int MaxPayloads = 40;

    /// <summary>Proposals of one SA payload.</summary>
    public const int MaxProposals = 32;

    /// <summary>Transforms of one proposal.</summary>
    public const int MaxTransforms = 64;

    /// <summary>Attributes of one transform.</summary>
    public const int MaxAttributes = 8;

    /// <summary>Selectors of one TS payload.</summary>
    public const int MaxTrafficSelectors = 32;

    /// <summary>SPIs of one Delete payload.</summary>
    public const int MaxDeletedSpis = 64;

    /// <summary>Bytes of a nonce (RFC 7296 §2.10, §3.9).</summary>
    public const int MinNonce = 16;

    /// <summary>Bytes of a nonce (RFC 7296 §3.9).</summary>
    public const int MaxNonce = 256;

    /// <summary>Bytes of a cookie (RFC 7296 §2.6).</summary>
    public const int MaxCookie = 64;
}
