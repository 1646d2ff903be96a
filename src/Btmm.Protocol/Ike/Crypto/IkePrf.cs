using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>A pseudo-random function made of HMAC (RFC 4868), and prf+ (RFC 7296 §2.13). Thread-safe.</summary>
internal sealed class IkePrf
{
    private readonly HashAlgorithmName _hash;

    private IkePrf(HashAlgorithmName hash, int size)
    {
        _hash = hash;
        Size = size;
    }

    public static IkePrf Sha256 { get; } = new(HashAlgorithmName.SHA256, 32);

    public static IkePrf Sha384 { get; } = new(HashAlgorithmName.SHA384, 48);

    public static IkePrf Sha512 { get; } = new(HashAlgorithmName.SHA512, 64);

    /// <summary>Bytes of output, which is also the preferred key size.</summary>
    public int Size { get; }

    public byte[] Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data) => Compute(key, data, default, default);

    /// <summary>Over the concatenation of up to three parts.</summary>
    public byte[] Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        using var hmac = IncrementalHash.CreateHMAC(_hash, key);
        hmac.AppendData(first);
        hmac.AppendData(second);
        hmac.AppendData(third);
        return hmac.GetHashAndReset();
    }

    /// <summary>prf+ (K, S) = T1 | T2 | ..., with Tn = prf (K, Tn-1 | S | n). At most 255 rounds; the sizes used need ten.</summary>
    public byte[] Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> seed, int length)
    {
        var result = new byte[length];
        byte[] block = [];
        int filled = 0;
        for (byte round = 1; filled < length; round++)
        {
            byte[] next = Compute(key, block, seed, [round]);
            CryptographicOperations.ZeroMemory(block);
            block = next;
            int take = Math.Min(block.Length, length - filled);
            block.AsSpan(0, take).CopyTo(result.AsSpan(filled));
            filled += take;
        }

        CryptographicOperations.ZeroMemory(block);
        return result;
    }
}
