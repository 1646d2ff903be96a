namespace Btmm.Fuzz.Tests;

/// <summary>Makes bad input of good input, the same for the same random numbers.</summary>
internal sealed class FuzzMutator(Random random, IReadOnlyList<byte[]> corpus)
{
    private const int MaxLength = 8192;

    private static readonly byte[] s_interesting = [0, 1, 0x0C, 0x20, 0x22, 0x29, 0x3B, 0x3F, 0x40, 0x5C, 0x7F, 0x80, 0xC0, 0xFA, 0xFE, 0xFF];

    internal byte[] Next()
    {
        var bytes = new List<byte>(corpus[random.Next(corpus.Count)]);
        for (int n = 1 << random.Next(5); n > 0; n--)
            Change(bytes);
        if (bytes.Count > MaxLength)
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        if (bytes.Count == 0)
            bytes.Add((byte)random.Next(256));
        int at = random.Next(bytes.Count);
        switch (random.Next(9))
        {
            case 0: bytes[at] = (byte)random.Next(256); break;
            case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 2: bytes[at] = s_interesting[random.Next(s_interesting.Length)]; break;
            case 3: bytes[at] += (byte)random.Next(-4, 5); break;
            case 4: bytes.Insert(at, (byte)random.Next(256)); break;
            case 5: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
            case 6: bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 0); break;
            case 7: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, Math.Min(random.Next(1, 24), bytes.Count - at))); break;
            default: Splice(bytes, at); break;
        }
    }

    // A piece of another input over what is there.
    private void Splice(List<byte> bytes, int at)
    {
        byte[] other = corpus[random.Next(corpus.Count)];
        if (other.Length == 0)
            return;
        int from = random.Next(other.Length);
        for (int i = 0, length = random.Next(1, 33); i < length && at + i < bytes.Count && from + i < other.Length; i++)
            bytes[at + i] = other[from + i];
    }
}
