namespace Btmm.Server.Guards;

/// <summary>What a request's cookie is worth (RFC 7873 §5.2).</summary>
internal enum CookieStatus
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>The option has an impossible length.</summary>
    Malformed,

    /// <summary>The client has none of ours, or one that is too old, forged, or another address's.</summary>
    Unproven,

    /// <summary>It is ours and was given to this address.</summary>
    Valid,
}
