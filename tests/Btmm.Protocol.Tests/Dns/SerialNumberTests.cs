using Btmm.Protocol.Dns;

namespace Btmm.Protocol.Tests.Dns;

public sealed class SerialNumberTests
{
    [Theory]
    [Trait("rfc", "1982§3.2")]
    [InlineData(1u, 0u, true)]
    [InlineData(0u, 1u, false)]
    [InlineData(5u, 5u, false)]
    [InlineData(0u, uint.MaxValue, true)]
    [InlineData(0x7FFF_FFFFu, 0u, true)]
    [InlineData(0x8000_0000u, 0u, false)] // undefined: neither
    [InlineData(0u, 0x8000_0000u, false)]
    [InlineData(0x8000_0001u, 0u, false)]
    [InlineData(100u, 0xFFFF_FF00u, true)]
    public void IsLaterThan_Serials_FollowsTheArithmetic(uint value, uint other, bool expected)
        => Assert.Equal(expected, new SerialNumber(value).IsLaterThan(new SerialNumber(other)));

    [Fact]
    [Trait("rfc", "2136§7.11")]
    public void Next_AtTheEnd_SkipsZero() => Assert.Equal(1u, new SerialNumber(uint.MaxValue).Next.Value);
}
