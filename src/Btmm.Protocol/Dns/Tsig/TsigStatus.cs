namespace Btmm.Protocol.Dns.Tsig;

/// <summary>What a verifier found.</summary>
public enum TsigStatus
{
    /// <summary>The message has no TSIG record.</summary>
    NotSigned,

    /// <summary>Signed, and all checks passed.</summary>
    Valid,

    /// <summary>The message or its TSIG record is malformed: FORMERR.</summary>
    Malformed,

    /// <summary>The key or algorithm is unknown or another one than expected.</summary>
    BadKey,

    /// <summary>The MAC does not verify.</summary>
    BadSignature,

    /// <summary>The MAC verifies, but the time signed is too far from the own clock.</summary>
    BadTime,

    /// <summary>The MAC verifies, but it is shorter than the policy allows.</summary>
    BadTruncation,

    /// <summary>Client only: the server says that it did not accept the request's signature (NOTAUTH and a TSIG error).</summary>
    RejectedByServer,
}
