namespace Btmm.Protocol.Dns;

/// <summary>The error field of a TSIG record (RFC 8945 §3).</summary>
public enum TsigError : ushort
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The MAC does not verify.</summary>
    BadSig = 16,

    /// <summary>The key or algorithm is not known.</summary>
    BadKey = 17,

    /// <summary>The time signed is too far from the server's clock.</summary>
    BadTime = 18,

    /// <summary>The MAC is shorter than the policy allows.</summary>
    BadTrunc = 22,
}
