namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Transform identifiers used here (RFC 7296 §3.3.2, RFC 5282 §6, RFC 5903 §5).</summary>
internal static class IkeTransformId
{
    public const ushort EncryptionAesGcm16 = 20;
    public const ushort PrfHmacSha256 = 5;
    public const ushort PrfHmacSha384 = 6;
    public const ushort PrfHmacSha512 = 7;
    public const ushort GroupNone = 0;
    public const ushort GroupEcp256 = 19;
    public const ushort GroupEcp384 = 20;
    public const ushort IntegrityNone = 0;
    public const ushort SequenceNumbers32 = 0;
    public const ushort SequenceNumbers64 = 1;
}
