using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>A gateway that was found before is asked where it was; one that stays silent is searched for less and less.</summary>
public sealed class IgdRecallTests
{
    private const string Location = "http://192.168.1.1:5000/rootDesc.xml";

    [Fact]
    public async Task Restart_GatewayMappedBefore_IsAskedWithoutASearch()
    {
        await using IgdFixture host = new();
        Assert.Null(host.Services.Memory.DescriptionFor(new(host.Gateway.Address)));
        await host.QueryAsync();
        Assert.Null(host.Services.Memory.DescriptionFor(new(host.Gateway.Address))); // A mere question leaves nothing behind.
        await host.MapAsync();
        Assert.Equal(Location, host.Services.Memory.DescriptionFor(new(host.Gateway.Address)));
        int searches = host.Searches;
        await host.RestartAsync();
        Assert.Equal(1, (await host.QueryAsync()).Tries);
        Assert.Equal(IgdFixture.Port, (await host.MapAsync()).ExternalPort);
        Assert.Equal(searches, host.Searches);
        Assert.Equal(0, host.Gateway.Count(FakeGatewayRequestKind.Malformed));
    }

    [Theory]
    [InlineData("http://192.168.1.1:5999/rootDesc.xml")]
    [InlineData("http://192.168.1.1:5000/other.xml")]
    [InlineData("http://198.51.100.66/rootDesc.xml")]
    [InlineData("http://192.168.1.1:22/")]
    [InlineData("nonsense")]
    public async Task Restart_DescriptionMovedOrForged_IsSearchedForAtOnce(string remembered)
    {
        await using IgdFixture host = new();
        host.Services.Memory.NoteDescription(new(host.Gateway.Address), remembered);
        await host.MapAsync();
        Assert.True(host.Searches > 0);
        Assert.Equal(TimeSpan.Zero, host.Clock.Elapsed);
        Assert.All(host.Wire.Connects, connect => Assert.Equal(host.Gateway.Address, connect.To.Address));
        Assert.DoesNotContain(host.Wire.Connects, connect => connect.To.Port == 22);
        Assert.Equal(Location, host.Services.Memory.DescriptionFor(new(host.Gateway.Address)));
    }

    [Fact]
    public async Task Restart_RememberedPageHangs_IsLeftAfterHalfASecond()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { HttpSilent = true });
        host.Services.Memory.NoteDescription(new(host.Gateway.Address), Location);
        Task<GatewayAnswer> query = host.Mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None);
        await host.Clock.RunUntilAsync(() => host.Searches > 0, TimeSpan.FromSeconds(2));
        Assert.InRange(host.Clock.Elapsed, TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(600));
        Assert.Equal(BtmmErrorReason.Timeout, (await IgdFixture.FailsAsync(host.RunAsync(query))).Reason);
    }

    [Fact]
    public async Task Restart_RememberedGatewayHasAPrivateAddress_ABetterOneIsSearchedForAMoment()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdExternalAddress = "10.9.8.7" });
        host.Services.Memory.NoteDescription(new(host.Gateway.Address), Location);
        Assert.Equal("10.9.8.7", $"{(await host.QueryAsync()).ExternalAddress}");
        Assert.True(host.Searches > 0);
        Assert.Equal(1, host.Gateway.Count("GET"));
        Assert.InRange(host.Clock.Elapsed, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1400));
    }

    [Fact]
    public async Task Search_SilentGateway_LaterOnesAreSmallAndGoThroughTheTargets()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Silent = true });
        await host.QueryFailsAsync();
        Assert.Equal(26, host.Searches);
        int before = host.Searches;
        TimeSpan start = host.Clock.Elapsed;
        for (int i = 0; i < 8; i++) Assert.Equal(BtmmErrorReason.PortMappingUnsupported, (await host.QueryFailsAsync()).Reason);
        Assert.InRange(host.Searches - before, 8 * 4, 8 * 6);
        Assert.InRange(host.Clock.Elapsed - start, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(13));
        Assert.Contains(Targets(host).TakeLast(host.Searches - before), target => target == "ssdp:all");
    }

    [Fact]
    public async Task Search_CutShortOrBrief_StaysWhole()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Silent = true });
        await host.QueryFailsAsync(ExchangeEffort.Brief);
        int before = host.Searches;
        await host.QueryFailsAsync();
        Assert.Equal(26, host.Searches - before);
    }

    [Fact]
    public async Task Search_AfterSilence_GatewayIsFoundAndWholeSearchesAreBack()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Silent = true });
        await host.QueryFailsAsync();
        await host.QueryFailsAsync();
        host.Gateway.Quirks = new FakeGatewayQuirks { SsdpLocation = "http://192.168.1.1:5000/none.xml" };
        await host.QueryFailsAsync();
        int before = host.Searches;
        host.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        await host.QueryFailsAsync();
        Assert.Equal(26, host.Searches - before);
        host.Gateway.Quirks = new FakeGatewayQuirks();
        await host.QueryAsync();
    }

    [Fact]
    public async Task Notice_OfAMissedGateway_IsNewsOnceAndLeadsToItWithoutASearch()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpTargets = [] });
        await AnnounceAsync(host, Location + "?before");
        Assert.False(host.Mapper.Announcements.TryRead(out _)); // Nobody has missed it yet.
        await host.QueryFailsAsync();
        int before = host.Searches;
        for (int i = 0; i < 3; i++) await AnnounceAsync(host, $"{Location}?{i}"); // Or somebody forges many.
        await AnnounceAsync(host, Location);
        await AnnounceAsync(host, Location);
        Assert.True(host.Mapper.Announcements.TryRead(out GatewayAnnouncement announcement));
        Assert.False(announcement.StateLost);
        Assert.False(host.Mapper.Announcements.TryRead(out _));
        await host.QueryAsync();
        Assert.Equal(before, host.Searches);
        await AnnounceAsync(host, Location + "?later");
        Assert.False(host.Mapper.Announcements.TryRead(out _)); // It is no longer missed.
    }

    [Theory]
    [InlineData("http://198.51.100.66/rootDesc.xml")]
    [InlineData("https://192.168.1.1/rootDesc.xml")]
    public async Task Notice_ThatPointsElsewhere_IsNotFollowed(string location)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { SsdpTargets = [] });
        await AnnounceAsync(host, location);
        await host.QueryFailsAsync();
        Assert.Empty(host.Wire.Connects);
    }

    private static IEnumerable<string> Targets(IgdFixture host) => host.Wire.Sent
        .Where(datagram => datagram.To.Port == 1900)
        .Select(datagram => Encoding.ASCII.GetString(datagram.Payload.Span).Split("\r\n").Single(line => line.StartsWith("ST: ", StringComparison.Ordinal))[4..]);

    private static async Task AnnounceAsync(IgdFixture host, string location)
    {
        const string target = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
        string text = $"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {target}\r\nNTS: ssdp:alive\r\nUSN: uuid:1::{target}\r\nLOCATION: {location}\r\n\r\n";
        host.Wire.Inject("192.168.1.1:1900", "239.255.255.250:1900", Encoding.ASCII.GetBytes(text));
        await FakeClock.SettleAsync();
    }
}
