namespace Btmm.Protocol.Esp;

/// <summary>Makes ciphers. Thread-safe. The platform may offer a faster one than <see cref="BclAeadCipherFactory"/>.</summary>
public interface IAeadCipherFactory
{
    /// <summary>Makes a cipher that keeps its own copy of <paramref name="key"/>.</summary>
    /// <exception cref="ArgumentException">The key's length does not fit the algorithm.</exception>
    IAeadCipher Create(EspAlgorithm algorithm, ReadOnlySpan<byte> key);
}
