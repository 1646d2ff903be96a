namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Transform types (RFC 7296 §3.3.2).</summary>
internal enum IkeTransformType : byte
{
    Encryption = 1,
    Prf = 2,
    Integrity = 3,
    KeyExchange = 4,
    SequenceNumbers = 5,
}
