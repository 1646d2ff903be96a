using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>AES-GCM for one direction of an IKE SA (RFC 5282): key | salt(4), explicit 8-byte IV, 16-byte ICV.</summary>
internal sealed class IkeCipher : IDisposable
{
    public const int SaltSize = 4;
    public const int IvSize = 8;
    public const int IcvSize = 16;

    private readonly AesGcm _aes;
    private readonly byte[] _nonce = new byte[SaltSize + IvSize];
    private ulong _nextIv = 1;

    public IkeCipher(ReadOnlySpan<byte> keyAndSalt)
    {
        _aes = new AesGcm(keyAndSalt[..^SaltSize], IcvSize);
        keyAndSalt[^SaltSize..].CopyTo(_nonce);
    }

    /// <summary>Seals: writes IV | ciphertext | ICV. The IV is a counter, so it never repeats under one key.</summary>
    public void Seal(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plain, Span<byte> target)
    {
        Span<byte> iv = target[..IvSize];
        BinaryPrimitives.WriteUInt64BigEndian(iv, _nextIv++);
        iv.CopyTo(_nonce.AsSpan(SaltSize));
        _aes.Encrypt(_nonce, plain, target.Slice(IvSize, plain.Length), target.Slice(IvSize + plain.Length, IcvSize), associated);
    }

    /// <summary>Opens IV | ciphertext | ICV. False when it is too short or not authentic.</summary>
    public bool TryOpen(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> sealedBytes, out byte[] plain)
    {
        plain = [];
        int length = sealedBytes.Length - IvSize - IcvSize;
        if (length < 1) return false;
        Span<byte> nonce = stackalloc byte[SaltSize + IvSize];
        _nonce.AsSpan(0, SaltSize).CopyTo(nonce);
        sealedBytes[..IvSize].CopyTo(nonce[SaltSize..]);
        var opened = new byte[length];
        try
        {
            _aes.Decrypt(nonce, sealedBytes.Slice(IvSize, length), sealedBytes[(IvSize + length)..], opened, associated);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        plain = opened;
        return true;
    }

    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_nonce);
    }
}
