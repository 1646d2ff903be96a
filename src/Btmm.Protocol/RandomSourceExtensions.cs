using System.Buffers.Binary;

namespace Btmm.Protocol;

/// <summary>Numbers made of a random source's bytes.</summary>
public static class RandomSourceExtensions
{
    /// <summary>A number of the range 0 ≤ x &lt; 1, evenly spread.</summary>
    /// <param name="random">The source.</param>
    public static double NextShare(this IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        random.Fill(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) / (uint.MaxValue + 1.0);
    }
}
