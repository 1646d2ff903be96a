using Btmm.Server.Transport;

namespace Btmm.Server.Tests;

public sealed class FrameBufferTests
{
    [Theory]
    [Trait("rfc", "7766§8")]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void Messages_InPiecesOfAnySize_ComeOutAsTheyWentIn(int piece)
    {
        var random = new Random(7766);
        byte[][] messages = [.. new[] { 12, 13, 500, 1022, 1023, 4000, 65_535, 12, 65_535, 65_535, 40 }.Select(length => Bytes(random, length))];
        byte[] all = [.. messages.SelectMany(StreamClient.Framed)];
        using var buffer = new FrameBuffer();
        var taken = new List<byte[]>();
        for (int at = 0; at < all.Length;)
        {
            Memory<byte> room = buffer.Room();
            int count = Math.Min(Math.Min(room.Length, piece), all.Length - at);
            Assert.True(count > 0);
            all.AsMemory(at, count).CopyTo(room);
            buffer.Add(count);
            at += count;
            while (buffer.TryTake(out ReadOnlyMemory<byte>? message))
                taken.Add(message.Value.ToArray());
            Assert.False(buffer.IsBad);
        }

        Assert.Equal(messages, taken);
        Assert.False(buffer.IsPartial);
    }

    [Fact]
    public void Length_ThatIsOnlyPromised_TakesNoMemory()
    {
        using var buffer = new FrameBuffer();
        buffer.Room().Span[0] = 0xFF;
        buffer.Room().Span[1] = 0xFF;
        buffer.Add(2);
        Assert.InRange(buffer.Room().Length, 1, 4096);
        Assert.True(buffer.IsPartial);
        Assert.False(buffer.TryTake(out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void Length_OfNoMessage_IsBad(byte length)
    {
        using var buffer = new FrameBuffer();
        byte[] bytes = [.. StreamClient.Framed(new byte[12]), 0, length, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        bytes.CopyTo(buffer.Room());
        buffer.Add(bytes.Length);
        Assert.False(buffer.IsBad);
        Assert.True(buffer.TryTake(out _));
        Assert.True(buffer.IsBad);
        Assert.False(buffer.TryTake(out _));
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
