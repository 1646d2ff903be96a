using System.Security.Cryptography;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Administration;

/// <summary>
/// Encrypts the keys that a catalog keeps: AES-256-GCM under a key of the service's own, each entry bound to its name, so that a
/// store gives no secret away and entries cannot be exchanged. The owner disposes it after the service. Thread-safe.
/// </summary>
public sealed class CatalogSeal : IDisposable
{
    // version (1) | nonce (12) | ciphertext | tag (16)
    private const byte Version = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int HeaderSize = 1 + NonceSize;

    private static readonly byte[] s_context = Encoding.ASCII.GetBytes("btmm catalog key 1\0");

    private readonly Lock _gate = new();
    private readonly string? _path;
    private AesGcm? _cipher;

    private CatalogSeal(string? path, AesGcm? cipher)
    {
        _path = path;
        _cipher = cipher;
    }

    /// <summary>
    /// Uses a key file, readable by its owner alone. It is read when the first key is, and made when the first one is sealed;
    /// servers that share a store need the same one.
    /// </summary>
    /// <param name="path">The file.</param>
    public static CatalogSeal FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new CatalogSeal(Path.GetFullPath(path), null);
    }

    /// <summary>Uses a key that is forgotten with this object, for stores that live in memory.</summary>
    public static CatalogSeal Ephemeral()
    {
        byte[] key = RandomNumberGenerator.GetBytes(SealingKeyFile.KeySize);
        try
        {
            return new CatalogSeal(null, new AesGcm(key, TagSize));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Encrypts an entry.</summary>
    /// <exception cref="BtmmException">KeyFileInvalid, PermissionDenied.</exception>
    internal byte[] Seal(DnsName name, ReadOnlySpan<byte> content)
    {
        byte[] result = new byte[HeaderSize + content.Length + TagSize];
        result[0] = Version;
        Span<byte> nonce = result.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        lock (_gate)
            Cipher(create: true).Encrypt(nonce, content, result.AsSpan(HeaderSize, content.Length), result.AsSpan(HeaderSize + content.Length), Associated(name));
        return result;
    }

    /// <summary>Decrypts an entry; the caller zeroes the result.</summary>
    /// <exception cref="BtmmException">KeyFileInvalid: the file is missing, unusable, or not the one it was sealed with.</exception>
    internal byte[] Open(DnsName name, ReadOnlySpan<byte> sealedContent)
    {
        if (sealedContent.Length < HeaderSize + TagSize || sealedContent[0] != Version)
            throw Wrong(name, null);
        int length = sealedContent.Length - HeaderSize - TagSize;
        byte[] content = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        try
        {
            lock (_gate)
                Cipher(create: false).Decrypt(sealedContent.Slice(1, NonceSize), sealedContent.Slice(HeaderSize, length), sealedContent[(HeaderSize + length)..], content, Associated(name));
            return content;
        }
        catch (AuthenticationTagMismatchException error)
        {
            throw Wrong(name, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _cipher?.Dispose();
    }

    private AesGcm Cipher(bool create)
    {
        if (_cipher is not null || _path is null)
            return _cipher ?? throw new ObjectDisposedException(nameof(CatalogSeal));
        byte[] key = SealingKeyFile.Read(_path, create);
        try
        {
            return _cipher = new AesGcm(key, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Associated(DnsName name)
    {
        // Names are compared without case, so the case must not matter here either.
        byte[] wire = name.ToLower().Wire.ToArray();
        return [.. s_context, .. wire];
    }

    private BtmmException Wrong(DnsName name, Exception? cause) => new(
        BtmmErrorReason.KeyFileInvalid,
        $"The key {name} in the store cannot be opened with the sealing key{(_path is null ? "" : $" in {_path}")}: it was sealed with another one, or is damaged.",
        "Give the key file that belongs to this store.",
        cause);
}
