using Btmm.Protocol.Identity;

namespace Btmm.Protocol.Tests.Identity;

public sealed class Eui64Tests
{
    [Fact]
    public void TryFromMac_UniversalAddress_FlipsTheBitAndPutsFffeInTheMiddle()
    {
        Assert.True(Eui64.TryFromMac([0x02, 0x22, 0x69, 0x8E, 0x34, 0x2A], out Eui64 value));
        Assert.Equal("00-22-69-FF-FE-8E-34-2A", value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0022698E34")]
    [InlineData("0022698E342A00")]
    [InlineData("0122698E342A")]
    [InlineData("000000000000")]
    public void TryFromMac_NotAnInterfaceAddress_Fails(string hex) =>
        Assert.False(Eui64.TryFromMac(Convert.FromHexString(hex), out _));

    [Fact]
    public void TryParse_OwnText_GivesTheSameValue()
    {
        Assert.True(Eui64.TryFromBytes([1, 2, 3, 4, 0xA5, 6, 7, 0xFF], out Eui64 value));
        Assert.True(Eui64.TryParse(value.ToString(), out Eui64 parsed));
        Assert.Equal(value, parsed);
        Assert.True(Eui64.TryParse(value.ToString().ToLowerInvariant(), out parsed));
        Assert.Equal(value, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-22-69-FF-FE-8E-34")]
    [InlineData("00-22-69-FF-FE-8E-34-2G")]
    [InlineData("00:22:69:FF:FE:8E:34:2A")]
    [InlineData("00-22-69-FF-FE-8E-34- A")]
    [InlineData("00-22-69-FF-FE-8E-34-2A-")]
    public void TryParse_OtherText_Fails(string text) => Assert.False(Eui64.TryParse(text, out _));

    [Fact]
    public void CreateRandom_AllOnes_ClearsUniversalAndGroupBits()
    {
        Eui64 value = Eui64.CreateRandom(new FilledRandom(0xFF));
        Assert.Equal("FC-FF-FF-FF-FF-FF-FF-FF", value.ToString());
    }

    [Fact]
    public void TryWriteBytes_SmallSpan_Fails()
    {
        Assert.False(default(Eui64).TryWriteBytes(new byte[7]));
        Assert.False(Eui64.TryFromBytes(new byte[9], out _));
    }
}
