namespace Btmm.Protocol.Tests.Dns;

/// <summary>Bad input made of good input.</summary>
internal static class Mutations
{
    /// <summary>Every proper prefix.</summary>
    public static IEnumerable<byte[]> Truncations(byte[] good) => Enumerable.Range(0, good.Length).Select(length => good[..length]);

    /// <summary>Every byte replaced by every other value.</summary>
    public static IEnumerable<byte[]> SingleByteChanges(byte[] good)
    {
        byte[] bad = [.. good];
        for (int i = 0; i < good.Length; i++)
        {
            for (int delta = 1; delta < 256; delta++)
            {
                bad[i] = (byte)(good[i] + delta);
                yield return bad;
            }

            bad[i] = good[i];
        }
    }

    /// <summary>Random changes, insertions, deletions, copies within and cuts; the same for the same seed.</summary>
    public static IEnumerable<byte[]> Random(IReadOnlyList<byte[]> good, int count, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            var bad = new List<byte>(good[random.Next(good.Count)]);
            for (int n = random.Next(1, 8); n > 0; n--) Mutate(bad, random);
            yield return [.. bad];
        }
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        if (bytes.Count == 0) bytes.Add(0);
        int at = random.Next(bytes.Count);
        switch (random.Next(7))
        {
            case 0: bytes[at] = (byte)random.Next(256); break;
            case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 2: bytes[at] = Interesting[random.Next(Interesting.Length)]; break;
            case 3: bytes.Insert(at, (byte)random.Next(256)); break;
            case 4: bytes.RemoveAt(at); break;
            case 5: bytes.RemoveRange(at, bytes.Count - at); break;
            default: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, Math.Min(random.Next(1, 24), bytes.Count - at))); break;
        }
    }

    private static byte[] Interesting { get; } = [0, 1, 0x0C, 0x29, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFA, 0xFE, 0xFF];
}
