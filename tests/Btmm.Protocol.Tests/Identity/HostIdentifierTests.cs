using System.Net;
using Btmm.Protocol.Identity;

namespace Btmm.Protocol.Tests.Identity;

public sealed class HostIdentifierTests
{
    private static readonly Eui64 s_eui = Eui64.TryParse("02-22-69-FF-FE-8E-34-2A", out Eui64 value) ? value : default;

    [Fact]
    [Trait("rfc", "4193§3.1")]
    public void Create_Always_IsFdThenSevenRandomBytesThenTheEui64()
    {
        HostIdentifier identifier = HostIdentifier.Create(s_eui, new FilledRandom(0xA5));
        Assert.Equal(IPAddress.Parse("fda5:a5a5:a5a5:a5a5:222:69ff:fe8e:342a"), identifier.Address);
        Assert.Equal(s_eui, identifier.Eui64);
    }

    [Fact]
    public void TryFromAddress_OwnAddress_GivesAnEqualIdentifier()
    {
        HostIdentifier identifier = HostIdentifier.Create(s_eui, new FilledRandom(0x17));
        Assert.True(HostIdentifier.TryFromAddress(identifier.Address, out HostIdentifier? read));
        Assert.Equal(identifier, read);
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("::1")]
    [InlineData("fc00::1")]
    [InlineData("fe80::1")]
    [InlineData("2001:db8::1")]
    public void TryFromAddress_NotLocallyAssigned_Fails(string text) =>
        Assert.False(HostIdentifier.TryFromAddress(IPAddress.Parse(text), out _));

    [Fact]
    public void TryFromAddress_Null_Fails() => Assert.False(HostIdentifier.TryFromAddress(null, out _));
}
