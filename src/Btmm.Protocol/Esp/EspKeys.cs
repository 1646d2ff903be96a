namespace Btmm.Protocol.Esp;

/// <summary>Cuts keying material into key and salt (RFC 4106 §8.1).</summary>
internal static class EspKeys
{
    /// <summary>Makes the cipher and writes the salt to the start of <paramref name="nonce"/>.</summary>
    public static IAeadCipher CreateCipher(EspSaParameters parameters, IAeadCipherFactory? ciphers, Span<byte> nonce)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ReadOnlySpan<byte> material = parameters.KeyingMaterial.Span;
        if (material.Length != EspSaParameters.GetKeyingMaterialLength(parameters.Algorithm))
            throw new ArgumentException("The keying material's length does not fit the algorithm.", nameof(parameters));
        int keyLength = EspSaParameters.GetKeyLength(parameters.Algorithm);
        material[keyLength..].CopyTo(nonce);
        return (ciphers ?? BclAeadCipherFactory.Instance).Create(parameters.Algorithm, material[..keyLength]);
    }
}
