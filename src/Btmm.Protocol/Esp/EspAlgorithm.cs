namespace Btmm.Protocol.Esp;

/// <summary>An ESP cipher suite (RFC 4106, 16-byte ICV).</summary>
public enum EspAlgorithm
{
    /// <summary>AES-256-GCM: a 32-byte key and a 4-byte salt.</summary>
    AesGcm256,

    /// <summary>AES-128-GCM: a 16-byte key and a 4-byte salt.</summary>
    AesGcm128,
}
