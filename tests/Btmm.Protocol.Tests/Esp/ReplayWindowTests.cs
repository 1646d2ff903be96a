using Btmm.Protocol.Esp;

namespace Btmm.Protocol.Tests.Esp;

public class ReplayWindowTests
{
    [Fact]
    public void Check_Zero_IsNeverFresh() => Assert.Equal(ReplayVerdict.Seen, new ReplayWindow().Check(0));

    [Fact]
    [Trait("rfc", "4303§3.4.3")]
    public void Check_WindowEdges_AreExact()
    {
        var window = new ReplayWindow(64);
        Assert.True(window.Mark(100));
        Assert.Equal(ReplayVerdict.Fresh, window.Check(37));
        Assert.Equal(ReplayVerdict.TooOld, window.Check(36));
        Assert.False(window.Mark(37));
        Assert.Equal(ReplayVerdict.Seen, window.Check(37));
        Assert.True(window.Mark(101));
        Assert.Equal(ReplayVerdict.TooOld, window.Check(37));
        Assert.False(window.Mark(5));
        Assert.Equal(101UL, window.Highest);
    }

    [Theory]
    [InlineData(64, 80, 1)]
    [InlineData(1024, 1400, 2)]
    [InlineData(2048, 5000, 3)]
    [InlineData(64, 100_000, 4)]
    public void Window_RandomReorder_AgreesWithNaiveModel(int size, int spread, int seed)
    {
        var random = new Random(seed);
        var window = new ReplayWindow(size);
        var seen = new HashSet<ulong>();
        ulong highest = 0, center = 1;
        for (int i = 0; i < 50_000; i++)
        {
            center += (ulong)random.Next(4);
            if (random.Next(500) == 0) center += (ulong)random.Next(5 * size);
            long offset = random.Next(spread) - (spread * 9 / 10);
            ulong sequence = (ulong)Math.Max(0, (long)center + offset);
            ReplayVerdict expected = sequence == 0 ? ReplayVerdict.Seen
                : sequence <= highest && highest - sequence >= (ulong)size ? ReplayVerdict.TooOld
                : seen.Contains(sequence) ? ReplayVerdict.Seen : ReplayVerdict.Fresh;
            Assert.Equal(expected, window.Check(sequence));
            if (expected != ReplayVerdict.Fresh) continue;
            Assert.Equal(sequence > highest, window.Mark(sequence));
            seen.Add(sequence);
            highest = Math.Max(highest, sequence);
            Assert.Equal(highest, window.Highest);
        }
    }

    [Theory]
    [InlineData(0UL, 1u, 1UL)]
    [InlineData(0UL, 0xFFFFFFFFu, 0UL)]
    [InlineData(10_000UL, 10_001u, 10_001UL)]
    [InlineData(10_000UL, 9_000u, 9_000UL)]
    [InlineData(10_000UL, 7_952u, 0x1_0000_1F10UL)]
    [InlineData(0xFFFF_FFF0UL, 5u, 0x1_0000_0005UL)]
    [InlineData(0x1_0000_0005UL, 0xFFFF_FFF0u, 0xFFFF_FFF0UL)]
    [InlineData(0x1_0000_0005UL, 6u, 0x1_0000_0006UL)]
    [InlineData(0x7_0000_0005UL, 0xFFFF_F900u, 0x6_FFFF_F900UL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFF0UL, 5u, 0UL)]
    [Trait("rfc", "4303§A2.2")]
    public void Extend_LowHalf_FindsItsSubspace(ulong highest, uint low, ulong expected)
    {
        var window = new ReplayWindow(2048);
        if (highest != 0) window.Mark(highest);
        Assert.Equal(expected, window.Extend(low));
    }

    [Fact]
    public void Extend_AnythingNearTheHighest_IsExact()
    {
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++)
        {
            ulong highest = (ulong)random.NextInt64(1L << 40) + 5000;
            var window = new ReplayWindow(1024);
            window.Mark(highest);
            ulong sent = highest - 1023 + (ulong)random.NextInt64(1L << 31);
            Assert.Equal(sent, window.Extend((uint)sent));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(1000)]
    public void Construct_SizeNotPowerOfTwo_Throws(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayWindow(size));
}
