using System.Security.Cryptography;

namespace Btmm.Protocol.Esp;

/// <summary>Ciphers of the .NET class library. Stateless and thread-safe.</summary>
public sealed class BclAeadCipherFactory : IAeadCipherFactory
{
    /// <summary>The one instance.</summary>
    public static BclAeadCipherFactory Instance { get; } = new();

    /// <inheritdoc/>
    public IAeadCipher Create(EspAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        if (key.Length != EspSaParameters.GetKeyLength(algorithm))
            throw new ArgumentException("The key's length does not fit the algorithm.", nameof(key));
        return algorithm == EspAlgorithm.ChaCha20Poly1305 ? new ChaChaCipher(key) : new GcmCipher(key);
    }

    private sealed class GcmCipher(ReadOnlySpan<byte> key) : IAeadCipher
    {
        private readonly AesGcm _aes = new(key, EspConstants.IcvLength);

        public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, Span<byte> tag) =>
            _aes.Encrypt(nonce, data, data, tag, associatedData);

        public bool TryOpen(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, ReadOnlySpan<byte> tag)
        {
            try
            {
                _aes.Decrypt(nonce, data, tag, data, associatedData);
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
        }

        public void Dispose() => _aes.Dispose();
    }

    private sealed class ChaChaCipher(ReadOnlySpan<byte> key) : IAeadCipher
    {
        private readonly ChaCha20Poly1305 _chacha = new(key);

        public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, Span<byte> tag) =>
            _chacha.Encrypt(nonce, data, data, tag, associatedData);

        public bool TryOpen(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, ReadOnlySpan<byte> tag)
        {
            try
            {
                _chacha.Decrypt(nonce, data, tag, data, associatedData);
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
        }

        public void Dispose() => _chacha.Dispose();
    }
}
