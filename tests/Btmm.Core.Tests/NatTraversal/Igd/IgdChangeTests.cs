using System.Net;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>UPnP gateways of several services, and what changes on a gateway while it is used.</summary>
public sealed class IgdChangeTests
{
    private const int Port = IgdFixture.Port;

    [Theory]
    [InlineData("Disconnected", "203.0.113.1", "Connected", "203.0.113.2", "203.0.113.2")]
    [InlineData("Connected", "192.168.9.1", "Connected", "203.0.113.2", "203.0.113.2")]
    [InlineData("Connected", "0.0.0.0", "Connected", "192.168.9.2", "192.168.9.2")]
    [InlineData("Connected", "203.0.113.1", "Connected", "203.0.113.2", "203.0.113.1")]
    [InlineData("Disconnected", "203.0.113.1", "Disconnected", "203.0.113.2", "203.0.113.1")]
    public async Task Query_SeveralServices_TheBetterIsTaken(string status1, string address1, string status2, string address2, string best)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            IgdServices =
            [
                new FakeIgdService("WANIPConnection:1", "/ctl/1") { Status = status1, ExternalAddress = address1 },
                new FakeIgdService("WANIPConnection:1", "/ctl/2") { Status = status2, ExternalAddress = address2 },
            ],
        });
        Assert.Equal(IPAddress.Parse(best), (await host.QueryAsync()).ExternalAddress);
    }

    [Fact]
    public async Task Query_IpAndPppAndVersions_IpAndTheNewerAreTaken()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            IgdServices =
            [
                new FakeIgdService("WANPPPConnection:1", "/ppp"), new FakeIgdService("WANIPConnection:1", "/ip1"),
                new FakeIgdService("WANIPConnection:2", "/ip2"),
            ],
        });
        await host.QueryAsync();
        Assert.Equal((IgdServiceKind.WanIp, 2), (host.Mapper.Service?.Kind, host.Mapper.Service?.Version));
    }

    [Fact]
    public async Task Map_PppOnly_Works()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, IgdServices = [new FakeIgdService("WANPPPConnection:1", "/ppp")] });
        Assert.Equal(Port, (await host.MapAsync()).ExternalPort);
        Assert.Equal(0, host.Gateway.Count("AddAnyPortMapping"));
    }

    [Theory]
    [InlineData(FakeSsdpWays.Unicast)]
    [InlineData(FakeSsdpWays.Multicast)]
    public async Task Search_HeardByOneWayOnly_IsFound(FakeSsdpWays way)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpWays = way });
        await host.QueryAsync();
        Assert.Equal(TimeSpan.Zero, host.Clock.Elapsed);
    }

    [Theory]
    [InlineData("WANPPPConnection:1", 400)]
    [InlineData("upnp:rootdevice", 1100)]
    [InlineData("ssdp:all", 2300)]
    public async Task Search_AnsweredForOneTargetOnly_IsFoundInItsRound(string target, int milliseconds)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks
        {
            IgdVersion = 1,
            IgdServices = [new FakeIgdService("WANPPPConnection:1", "/ppp")],
            SsdpTargets = [target],
        });
        Assert.True((await host.QueryAsync()).Tries > 1);
        Assert.InRange(host.Clock.Elapsed, TimeSpan.Zero, TimeSpan.FromMilliseconds(milliseconds));
    }

    [Fact]
    public async Task Search_AnsweredFromAnOddPort_IsFound()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpAnswerPort = 49_999 });
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.RefusedAnswers);
    }

    [Fact]
    public async Task Service_GoneFromItsPlace_IsSearchedOnceMore()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdServices = [new FakeIgdService("WANIPConnection:1", "/old")] });
        await host.QueryAsync();
        host.Gateway.Quirks = new FakeGatewayQuirks { IgdServices = [new FakeIgdService("WANIPConnection:1", "/new")] };
        Assert.Equal(Port, (await host.MapAsync()).ExternalPort);
        Assert.Single(host.Gateway.Mappings);
    }

    [Fact]
    public async Task Service_PortClosed_SaysSoAndRecovers()
    {
        await using IgdFixture host = new();
        await host.QueryAsync();
        await host.Gateway.CloseAsync();
        Assert.Equal(BtmmErrorReason.Timeout, (await host.QueryFailsAsync(ExchangeEffort.Brisk)).Reason);
        host.Gateway.Open();
        await host.QueryAsync(ExchangeEffort.Brisk);
    }

    [Fact]
    public async Task Address_Changed_NextQueryTells()
    {
        await using IgdFixture host = new();
        await host.QueryAsync();
        host.Gateway.Readdress("203.0.113.77", announce: false);
        Assert.Equal(IPAddress.Parse("203.0.113.77"), (await host.QueryAsync()).ExternalAddress);
        Assert.Equal(0, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Uptime_GoesBack_IsALossOfState()
    {
        await using IgdFixture host = new();
        await host.QueryAsync();
        host.Clock.Advance(TimeSpan.FromSeconds(30));
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.StateLossCount);
        host.Gateway.Reboot(announce: false);
        await host.QueryAsync();
        Assert.Equal(1, host.Mapper.StateLossCount);
        await host.QueryAsync();
        Assert.Equal(1, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Mapping_ForgottenInSilence_IsALossOfState()
    {
        await using IgdFixture host = new();
        await host.MapAsync();
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.StateLossCount);
        host.Gateway.Forget();
        await host.QueryAsync();
        Assert.Equal(1, host.Mapper.StateLossCount);
        await host.QueryAsync();
        Assert.Equal(1, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Mapping_AtItsEnd_IsNoLossOfState()
    {
        await using IgdFixture host = new();
        await host.MapAsync(seconds: 60);
        host.Clock.Advance(TimeSpan.FromSeconds(61));
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Notices_GatewayGoesOrHasAnotherBootId_AreHints()
    {
        await using IgdFixture host = new();
        await TellAsync(host, "ssdp:alive", bootId: 1);
        await TellAsync(host, "ssdp:alive", bootId: 1);
        Assert.False(host.Mapper.Announcements.TryRead(out _));
        await TellAsync(host, "ssdp:alive", bootId: 2);
        Assert.True(host.Mapper.Announcements.TryRead(out GatewayAnnouncement announcement));
        Assert.True(announcement.StateLost);
        for (int part = 0; part < 20; part++) await TellAsync(host, "ssdp:byebye", bootId: 2);
        Assert.True(host.Mapper.Announcements.TryRead(out announcement));
        Assert.True(announcement.StateLost);
        Assert.False(host.Mapper.Announcements.TryRead(out _));
        Assert.Equal(0, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Notices_OfOthersOrAboutOtherThings_AreNone()
    {
        await using IgdFixture host = new();
        await TellAsync(host, "ssdp:byebye", bootId: 1, from: "192.168.1.66");
        await TellAsync(host, "ssdp:byebye", bootId: 1, target: "urn:schemas-upnp-org:device:MediaServer:1");
        await TellAsync(host, "upnp:propchange", bootId: 1);
        Assert.False(host.Mapper.Announcements.TryRead(out _));
    }

    private static async Task TellAsync(
        IgdFixture host, string subtype, int bootId, string from = "192.168.1.1", string target = "urn:schemas-upnp-org:service:WANIPConnection:2")
    {
        string text = $"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {target}\r\nNTS: {subtype}\r\nUSN: uuid:1::{target}\r\nBOOTID.UPNP.ORG: {bootId}\r\n\r\n";
        host.Wire.Inject($"{from}:1900", "239.255.255.250:1900", Encoding.ASCII.GetBytes(text));
        await FakeClock.SettleAsync();
    }
}
