using System.Security.Cryptography;
using Btmm.Protocol.Esp;

namespace Btmm.Platform.Cryptography;

/// <summary>
/// An authenticated cipher over an EVP context that is set up once: per packet only the nonce changes. About a third less
/// work for a packet than the class library, and no exception for a forged one. Not thread-safe.
/// </summary>
internal sealed unsafe class OpenSslCipher : IAeadCipher
{
    private const int NonceLength = 12;
    private const int Encrypt = 1;
    private const int Decrypt = 0;
    private readonly OpenSslContextHandle _handle = new();
    private readonly nint _context;

    public OpenSslCipher(EspAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        if (key.Length != EspSaParameters.GetKeyLength(algorithm))
            throw new ArgumentException("The key's length does not fit the algorithm.", nameof(key));
        _context = _handle.DangerousGetHandle();
        nint cipher = algorithm switch
        {
            EspAlgorithm.AesGcm128 => OpenSslNative.Aes128Gcm(),
            EspAlgorithm.AesGcm256 => OpenSslNative.Aes256Gcm(),
            EspAlgorithm.ChaCha20Poly1305 => OpenSslNative.ChaCha20Poly1305(),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };
        fixed (byte* keyBytes = key)
        {
            Check(OpenSslNative.Init(_context, cipher, 0, null, null, Encrypt));
            Check(OpenSslNative.Control(_context, OpenSslNative.SetIvLength, NonceLength, null));
            Check(OpenSslNative.Init(_context, 0, 0, keyBytes, null, Encrypt));
        }
    }

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, Span<byte> tag)
    {
        CheckLengths(nonce, tag);
        fixed (byte* tagBytes = tag)
        {
            Process(nonce, associatedData, data, Encrypt);
            int length;
            // There is no output here, but the pointer must not be null.
            Check(OpenSslNative.Final(_context, tagBytes, &length));
            Check(OpenSslNative.Control(_context, OpenSslNative.GetTag, tag.Length, tagBytes));
        }
    }

    public bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        CheckLengths(nonce, tag);
        Process(nonce, associatedData, data, Decrypt);
        fixed (byte* tagBytes = tag)
        {
            byte none;
            int length;
            Check(OpenSslNative.Control(_context, OpenSslNative.SetTag, tag.Length, tagBytes));
            if (OpenSslNative.Final(_context, &none, &length) > 0) return true;
        }
        data.Clear();
        return false;
    }

    public void Dispose() => _handle.Dispose();

    private void Process(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, int direction)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        int length;
        fixed (byte* nonceBytes = nonce, associated = associatedData, bytes = data)
        {
            Check(OpenSslNative.Init(_context, 0, 0, null, nonceBytes, direction));
            if (associatedData.Length > 0)
                Check(OpenSslNative.Update(_context, null, &length, associated, associatedData.Length));
            if (data.Length > 0) Check(OpenSslNative.Update(_context, bytes, &length, bytes, data.Length));
        }
    }

    private static void CheckLengths(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag)
    {
        if (nonce.Length != NonceLength || tag.Length != EspConstants.IcvLength)
            throw new ArgumentException("The nonce has 12 bytes and the tag 16.");
    }

    private static void Check(int result)
    {
        if (result <= 0) throw new CryptographicException("OpenSSL refused a cipher operation.");
    }
}
