using Btmm.Protocol.Dns;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsNameCompressionTests
{
    private static bool TryRead(string afterHeader, int offset, out DnsName? name, out int next)
        => DnsName.TryRead([.. new byte[12], .. Hex.Bytes(afterHeader)], offset, out name, out next);

    [Fact]
    public void Pointer_ToAnEarlierName_IsFollowed()
    {
        Assert.True(TryRead("0162 0163 00 0161 c00c ff", 17, out DnsName? name, out int next));
        Assert.Equal("a.b.c", name!.ToString());
        Assert.Equal(21, next);
    }

    [Fact]
    public void Pointer_ToANameThatEndsInAPointer_IsFollowed()
    {
        Assert.True(TryRead("0163 00 0162 c00c 0161 c00f", 19, out DnsName? name, out _));
        Assert.Equal("a.b.c", name!.ToString());
    }

    [Theory]
    [Trait("rfc", "9267§2")]
    [InlineData("c00c", 12)] // to itself
    [InlineData("0161 c00c", 12)] // to its own name
    [InlineData("0161 c00e", 12)] // to the pointer
    [InlineData("c00e 0161 00", 12)] // forward
    [InlineData("c00e c00c", 14)] // two that point to each other
    [InlineData("c0ff", 12)] // out of the message
    [InlineData("ffff", 12)]
    [InlineData("c000 00", 12)] // into the header
    [InlineData("c00b 00", 12)]
    [InlineData("00 c00c", 13)] // to a null
    [InlineData("0161 00 c00c c00f", 17)] // to a pointer
    [InlineData("0161 0162 c00c", 14)] // back into what is being read
    [InlineData("c0", 12)] // cut
    public void Pointer_ThatLeadsNowhere_IsRejected(string bytes, int offset) => Assert.False(TryRead(bytes, offset, out _, out _));

    [Theory]
    [Trait("rfc", "9267§3")]
    [InlineData("40")] // reserved label types
    [InlineData("41 61 00")]
    [InlineData("80 00")]
    [InlineData("bf 00")]
    [InlineData("02 61")] // label longer than the message
    [InlineData("01 61")] // no root label (RFC 9267 §4)
    [InlineData("3f 6161")]
    [InlineData("")]
    public void Label_Malformed_IsRejected(string bytes) => Assert.False(TryRead(bytes, 12, out _, out _));

    [Fact]
    [Trait("rfc", "9267§3")]
    public void Name_Over255Bytes_IsRejected()
    {
        string label = "3f" + string.Concat(Enumerable.Repeat("61", 63));
        Assert.True(TryRead($"{label}{label}{label}3d{string.Concat(Enumerable.Repeat("61", 61))}00", 12, out DnsName? longest, out _));
        Assert.Equal(255, longest!.WireLength);
        Assert.False(TryRead($"{label}{label}{label}3e{string.Concat(Enumerable.Repeat("61", 62))}00", 12, out _, out _));
    }

    [Fact]
    [Trait("rfc", "9267§3")]
    public void Name_Over255BytesThroughPointers_IsRejected()
    {
        // Each name is one label and a pointer to the name before it; the fifth is too long.
        string label = "3f" + string.Concat(Enumerable.Repeat("61", 63));
        string bytes = label + "00";
        int at = 12, previous = 12;
        for (int i = 0; i < 4; i++)
        {
            at = 12 + (bytes.Length / 2);
            bytes += label + (0xC000 | previous).ToString("x4");
            previous = at;
        }

        Assert.False(TryRead(bytes, at, out _, out _));
    }

    [Fact]
    public void Offset_OutsideTheMessage_IsRejected()
    {
        Assert.False(TryRead("00", 13, out _, out _));
        Assert.False(TryRead("00", -1, out _, out _));
        Assert.False(TryRead("00", int.MaxValue, out _, out _));
    }
}
