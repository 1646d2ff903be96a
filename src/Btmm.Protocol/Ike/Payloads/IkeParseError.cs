namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Why a chain of payloads was not accepted.</summary>
internal enum IkeParseError
{
    None,

    /// <summary>Lengths, counts or fields do not fit together.</summary>
    InvalidSyntax,

    /// <summary>A payload of unknown type has its critical bit set (RFC 7296 §2.5).</summary>
    UnsupportedCriticalPayload,
}
