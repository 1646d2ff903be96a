namespace Btmm.Protocol.Esp;

/// <summary>The authenticated ciphers that protect ESP packets, all with a 16-byte ICV.</summary>
public enum EspAlgorithm
{
    /// <summary>AES-GCM with a 128-bit key (RFC 4106).</summary>
    AesGcm128,

    /// <summary>AES-GCM with a 256-bit key (RFC 4106).</summary>
    AesGcm256,

    /// <summary>ChaCha20-Poly1305 with a 256-bit key (RFC 7634).</summary>
    ChaCha20Poly1305,
}
