using System.Net;
using Btmm.Server.Transport;

namespace Btmm.Server.Tests;

public sealed class ConnectionTableTests
{
    [Theory]
    [Trait("rfc", "7766§6.2.2")]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:0:ffff::7", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    public void Clients_OfOneAddressOrIPv6Network_AreOne(string one, string other, bool isOne)
    {
        var table = new ConnectionTable(new ZoneServiceLimits { MaxConnectionsPerClient = 1 });
        Assert.True(table.TryEnter(IPAddress.Parse(one)));
        Assert.Equal(!isOne, table.TryEnter(IPAddress.Parse(other)));
        table.Leave(IPAddress.Parse(one));
        Assert.True(table.TryEnter(IPAddress.Parse(one)));
    }

    [Fact]
    [Trait("rfc", "7766§6.2.3")]
    public void Places_WhenTheyAreScarce_AreHeldForLess()
    {
        var table = new ConnectionTable(new ZoneServiceLimits { MaxConnections = 8, ConnectionIdleTimeout = TimeSpan.FromSeconds(40) });
        for (int i = 1; i <= 8; i++)
        {
            Assert.True(table.TryEnter(IPAddress.Parse($"192.0.2.{i}")));
            Assert.Equal(i <= 6 ? 40 : 5, table.IdleTimeout.TotalSeconds);
        }

        Assert.False(table.TryEnter(IPAddress.Parse("192.0.2.9")));
        Assert.Equal(8, table.Count);
    }
}
