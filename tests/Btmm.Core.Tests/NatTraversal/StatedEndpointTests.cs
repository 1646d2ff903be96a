using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.NatTraversal;

public sealed class StatedEndpointTests
{
    [Theory]
    [InlineData("auto", null, null)]
    [InlineData("AUTO", null, null)]
    [InlineData("203.0.113.10", "203.0.113.10", null)]
    [InlineData("203.0.113.10:4500", "203.0.113.10", 4500)]
    [InlineData("192.168.7.1:65535", "192.168.7.1", 65535)]
    [InlineData(":1", null, 1)]
    public void TryParse_Form_Read(string text, string? address, int? port)
    {
        Assert.True(StatedEndpoint.TryParse(text, out StatedEndpoint? stated));
        Assert.Equal(address is null ? null : IPAddress.Parse(address), stated.Address);
        Assert.Equal(port, stated.Port);
        Assert.True(StatedEndpoint.TryParse(stated.ToString(), out StatedEndpoint? again));
        Assert.Equal(stated, again);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":0")]
    [InlineData(":65536")]
    [InlineData(":-1")]
    [InlineData(":+1")]
    [InlineData(": 1")]
    [InlineData("4500")]
    [InlineData("203.0.113.10:")]
    [InlineData("203.0.113.10:x")]
    [InlineData("203.0.113.10:4500:1")]
    [InlineData("203.0.113")]
    [InlineData("0x7f.1.1.1")]
    [InlineData("010.1.1.1")]
    [InlineData("0.0.0.0:4500")]
    [InlineData("127.0.0.1:4500")]
    [InlineData("224.0.0.1:4500")]
    [InlineData("255.255.255.255")]
    [InlineData("2001:db8::1")]
    [InlineData("[2001:db8::1]:4500")]
    [InlineData("home.example.net:4500")]
    public void TryParse_AnythingElse_Refused(string? text)
    {
        Assert.False(StatedEndpoint.TryParse(text, out StatedEndpoint? stated));
        Assert.Null(stated);
    }
}
