namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>The types of STUN attributes that are used or passed over here (RFC 8489 §14, RFC 5780 §7).</summary>
public enum StunAttribute : ushort
{
    /// <summary>The sender's address as the server sees it, in clear; for old clients.</summary>
    MappedAddress = 0x0001,

    /// <summary>Asks for an answer from the server's other address or port (RFC 5780 §7.2).</summary>
    ChangeRequest = 0x0003,

    /// <summary>What RESPONSE-ORIGIN was to RFC 3489.</summary>
    SourceAddress = 0x0004,

    /// <summary>What OTHER-ADDRESS was to RFC 3489; the same in another type.</summary>
    ChangedAddress = 0x0005,

    /// <summary>A user's name; not used here.</summary>
    Username = 0x0006,

    /// <summary>A signature by SHA-1; not used here.</summary>
    MessageIntegrity = 0x0008,

    /// <summary>Why a request failed.</summary>
    ErrorCode = 0x0009,

    /// <summary>The attributes that were not understood.</summary>
    UnknownAttributes = 0x000A,

    /// <summary>A realm; not used here.</summary>
    Realm = 0x0014,

    /// <summary>A nonce; not used here.</summary>
    Nonce = 0x0015,

    /// <summary>A signature by SHA-256; not used here.</summary>
    MessageIntegritySha256 = 0x001C,

    /// <summary>The algorithm of a password; not used here.</summary>
    PasswordAlgorithm = 0x001D,

    /// <summary>A hash of a user's name; not used here.</summary>
    UserHash = 0x001E,

    /// <summary>The sender's address as the server sees it, masked from NATs that rewrite addresses they find.</summary>
    XorMappedAddress = 0x0020,

    /// <summary>The sender's program.</summary>
    Software = 0x8022,

    /// <summary>A check sum that tells STUN from other protocols at the same port; always the last attribute.</summary>
    Fingerprint = 0x8028,

    /// <summary>The address that the answer was sent from (RFC 5780 §7.3).</summary>
    ResponseOrigin = 0x802B,

    /// <summary>The server's other address and port (RFC 5780 §7.4).</summary>
    OtherAddress = 0x802C,
}
