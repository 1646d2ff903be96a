using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Btmm.Core.SignOn;

/// <summary>
/// The encrypted form in which an account travels to another host: AES-256-GCM under a key that PBKDF2-HMAC-SHA256 derives
/// from a passphrase (RFC 8018 §5.2). The header is authenticated with the content.
/// </summary>
/// <remarks>
/// Layout, integers big-endian:
/// <code>
///  0  8  "BTMMACCT"
///  8  1  version (1)
///  9  1  key derivation (1 = PBKDF2-HMAC-SHA256)
/// 10  4  iterations
/// 14 16  salt
/// 30 12  nonce
/// 42  n  ciphertext
/// 42+n 16  tag
/// </code>
/// </remarks>
internal static class SealedAccountFormat
{
    // Format constants.
    private const byte FormatVersion = 1;
    private const byte Pbkdf2HmacSha256 = 1;
    private const int VersionOffset = 8;
    private const int DerivationOffset = 9;
    private const int IterationsOffset = 10;
    private const int SaltOffset = 14;
    private const int SaltLength = 16;
    private const int NonceOffset = 30;
    private const int NonceLength = 12;
    private const int HeaderLength = 42;
    private const int TagLength = 16;
    private const int KeyLength = 32;

    // Our own limits: what we make, and what we are willing to spend on a file from elsewhere.
    internal const int DefaultIterations = 600_000;
    internal const int MinIterations = 600_000;
    internal const int MaxIterations = 10_000_000;
    internal const int MaxLength = 64 * 1024;

    private static ReadOnlySpan<byte> Magic => "BTMMACCT"u8;

    internal static byte[] Seal(ReadOnlySpan<byte> content, ReadOnlySpan<char> passphrase)
    {
        byte[] file = new byte[HeaderLength + content.Length + TagLength];
        Span<byte> header = file.AsSpan(0, HeaderLength);
        Magic.CopyTo(header);
        header[VersionOffset] = FormatVersion;
        header[DerivationOffset] = Pbkdf2HmacSha256;
        BinaryPrimitives.WriteInt32BigEndian(header[IterationsOffset..], DefaultIterations);
        RandomNumberGenerator.Fill(header[SaltOffset..]);

        byte[] key = DeriveKey(passphrase, header.Slice(SaltOffset, SaltLength), DefaultIterations);
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Encrypt(header.Slice(NonceOffset, NonceLength), content, file.AsSpan(HeaderLength, content.Length), file.AsSpan(HeaderLength + content.Length), header);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        return file;
    }

    /// <summary>Opens a sealed account; false when it is damaged, of another version, or the passphrase is wrong.</summary>
    internal static bool TryOpen(ReadOnlySpan<byte> file, ReadOnlySpan<char> passphrase, out byte[] content)
    {
        content = [];
        if (!TryReadIterations(file, out int iterations))
            return false;

        ReadOnlySpan<byte> header = file[..HeaderLength];
        byte[] key = DeriveKey(passphrase, header.Slice(SaltOffset, SaltLength), iterations);
        byte[] plain = new byte[file.Length - HeaderLength - TagLength];
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Decrypt(header.Slice(NonceOffset, NonceLength), file[HeaderLength..^TagLength], file[^TagLength..], plain, header);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        content = plain;
        return true;
    }

    private static bool TryReadIterations(ReadOnlySpan<byte> file, out int iterations)
    {
        iterations = 0;
        if (file.Length is < HeaderLength + TagLength or > MaxLength || !file.StartsWith(Magic))
            return false;
        if (file[VersionOffset] != FormatVersion || file[DerivationOffset] != Pbkdf2HmacSha256)
            return false;
        iterations = BinaryPrimitives.ReadInt32BigEndian(file[IterationsOffset..]);
        return iterations is >= MinIterations and <= MaxIterations;
    }

    private static byte[] DeriveKey(ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> salt, int iterations)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(passphrase)];
        try
        {
            Encoding.UTF8.GetBytes(passphrase, bytes);
            return Rfc2898DeriveBytes.Pbkdf2(bytes, salt, iterations, HashAlgorithmName.SHA256, KeyLength);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
