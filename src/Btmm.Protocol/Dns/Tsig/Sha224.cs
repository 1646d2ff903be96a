using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>SHA-224 (FIPS 180-4 §6.3): SHA-256 with other initial values, cut to 28 bytes. Used by hmac-sha224 alone.</summary>
internal sealed class Sha224
{
    public const int BlockSize = 64;
    public const int HashSize = 28;

    // FIPS 180-4 §5.3.2: the second 32 bits of the fractional parts of the square roots of the 9th to 16th primes.
    private static readonly uint[] s_initial =
        [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];

    private static readonly uint[] s_rounds = MakeRoundConstants();

    private readonly uint[] _state = [.. s_initial];
    private readonly byte[] _block = new byte[BlockSize];
    private int _used;
    private ulong _length;

    public void Append(ReadOnlySpan<byte> data)
    {
        _length += (ulong)data.Length;
        while (!data.IsEmpty)
        {
            int take = Math.Min(data.Length, BlockSize - _used);
            data[..take].CopyTo(_block.AsSpan(_used));
            data = data[take..];
            _used += take;
            if (_used < BlockSize) continue;
            Compress();
            _used = 0;
        }
    }

    /// <summary>Writes the hash and starts anew.</summary>
    public void Finish(Span<byte> destination)
    {
        ulong bits = _length * 8;
        Append([0x80]);
        while (_used != BlockSize - sizeof(ulong)) Append([0]);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(length, bits);
        Append(length);
        for (int i = 0; i < HashSize / sizeof(uint); i++) BinaryPrimitives.WriteUInt32BigEndian(destination[(i * sizeof(uint))..], _state[i]);
        Clear();
    }

    public void Clear()
    {
        s_initial.CopyTo(_state, 0);
        CryptographicOperations.ZeroMemory(_block);
        _used = 0;
        _length = 0;
    }

    private void Compress()
    {
        Span<uint> w = stackalloc uint[64];
        for (int t = 0; t < 16; t++) w[t] = BinaryPrimitives.ReadUInt32BigEndian(_block.AsSpan(t * sizeof(uint)));
        for (int t = 16; t < 64; t++)
        {
            uint s0 = BitOperations.RotateRight(w[t - 15], 7) ^ BitOperations.RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
            uint s1 = BitOperations.RotateRight(w[t - 2], 17) ^ BitOperations.RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = unchecked(w[t - 16] + s0 + w[t - 7] + s1);
        }

        Span<uint> v = stackalloc uint[8];
        _state.CopyTo(v);
        for (int t = 0; t < 64; t++) Round(v, unchecked(s_rounds[t] + w[t]));
        for (int i = 0; i < v.Length; i++) _state[i] = unchecked(_state[i] + v[i]);
    }

    private static void Round(Span<uint> v, uint input)
    {
        unchecked
        {
            uint a = v[0], e = v[4];
            uint sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint t1 = v[7] + sum1 + ((e & v[5]) ^ (~e & v[6])) + input;
            uint sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint t2 = sum0 + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
            v[..7].CopyTo(v[1..]);
            v[4] += t1;
            v[0] = t1 + t2;
        }
    }

    /// <summary>FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.</summary>
    private static uint[] MakeRoundConstants()
    {
        var constants = new List<uint>();
        for (uint n = 2; constants.Count < 64; n++)
        {
            bool isPrime = true;
            for (uint d = 2; d * d <= n; d++) isPrime &= n % d != 0;
            if (isPrime) constants.Add(CubeRootFraction(n));
        }

        return [.. constants];
    }

    /// <summary>The integer cube root of n * 2^96 is the cube root of n in fixed point with 32 fractional bits.</summary>
    private static uint CubeRootFraction(uint n)
    {
        BigInteger target = (BigInteger)n << 96;
        BigInteger root = 0;
        for (int bit = 35; bit >= 0; bit--)
        {
            BigInteger next = root | (BigInteger.One << bit);
            if (next * next * next <= target) root = next;
        }

        return (uint)(root & uint.MaxValue);
    }
}
