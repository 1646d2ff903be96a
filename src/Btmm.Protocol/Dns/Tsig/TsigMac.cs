using System.Security.Cryptography;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>A keyed hash in progress. Not thread-safe; after <see cref="Finish"/> it starts anew with the same key.</summary>
internal abstract class TsigMac : IDisposable
{
    public static TsigMac Create(TsigHash hash, ReadOnlySpan<byte> secret) => hash switch
    {
        TsigHash.Sha224 => new Sha224Mac(secret),
        TsigHash.Md5 => new PlatformMac(HashAlgorithmName.MD5, secret),
        TsigHash.Sha1 => new PlatformMac(HashAlgorithmName.SHA1, secret),
        TsigHash.Sha256 => new PlatformMac(HashAlgorithmName.SHA256, secret),
        TsigHash.Sha384 => new PlatformMac(HashAlgorithmName.SHA384, secret),
        _ => new PlatformMac(HashAlgorithmName.SHA512, secret),
    };

    public abstract void Append(ReadOnlySpan<byte> data);

    /// <summary>Writes the whole hash; returns its length.</summary>
    public abstract int Finish(Span<byte> destination);

    public abstract void Dispose();

    private sealed class PlatformMac(HashAlgorithmName name, ReadOnlySpan<byte> secret) : TsigMac
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHMAC(name, secret);

        public override void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

        public override int Finish(Span<byte> destination) => _hash.GetHashAndReset(destination);

        public override void Dispose() => _hash.Dispose();
    }

    /// <summary>HMAC (RFC 2104) over SHA-224, which the platform does not have.</summary>
    private sealed class Sha224Mac : TsigMac
    {
        private readonly byte[] _inner = new byte[Sha224.BlockSize];
        private readonly byte[] _outer = new byte[Sha224.BlockSize];
        private readonly Sha224 _hash = new();

        public Sha224Mac(ReadOnlySpan<byte> secret)
        {
            Span<byte> key = stackalloc byte[Sha224.BlockSize];
            key.Clear();
            if (secret.Length > Sha224.BlockSize)
            {
                _hash.Append(secret);
                _hash.Finish(key);
            }
            else
            {
                secret.CopyTo(key);
            }

            for (int i = 0; i < key.Length; i++)
            {
                _inner[i] = (byte)(key[i] ^ 0x36);
                _outer[i] = (byte)(key[i] ^ 0x5C);
            }

            CryptographicOperations.ZeroMemory(key);
            _hash.Append(_inner);
        }

        public override void Append(ReadOnlySpan<byte> data) => _hash.Append(data);

        public override int Finish(Span<byte> destination)
        {
            Span<byte> inner = stackalloc byte[Sha224.HashSize];
            _hash.Finish(inner);
            _hash.Append(_outer);
            _hash.Append(inner);
            _hash.Finish(destination);
            _hash.Append(_inner);
            return Sha224.HashSize;
        }

        public override void Dispose()
        {
            CryptographicOperations.ZeroMemory(_inner);
            CryptographicOperations.ZeroMemory(_outer);
            _hash.Clear();
        }
    }
}
