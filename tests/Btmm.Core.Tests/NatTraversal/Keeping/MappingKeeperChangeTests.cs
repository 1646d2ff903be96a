using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>The keeper when the gateway restarts, moves, vanishes, or when the host does.</summary>
public sealed class MappingKeeperChangeTests
{
    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(1);

    [Fact]
    [Trait("rfc", "6886§3.6")]
    public async Task Keeper_SilentReboot_MappedAgainByTheNextQueryWithoutWaiting()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        lab.Gateway.Reboot(announce: false);
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= s_poll + s_slack, $"{took}");
        Assert.Equal(KeeperFixture.Port, lab.State.Endpoint?.Port);
    }

    [Fact]
    [Trait("rfc", "6886§3.7")]
    public async Task Keeper_AnnouncedReboot_MappedAgainWithinFiveSeconds()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(31));
        List<TimeSpan> waits = [];
        for (int reboot = 0; reboot < 10; reboot++)
        {
            lab.Gateway.Reboot(announce: true);
            waits.Add(await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1));
            await lab.Clock.RunForAsync(TimeSpan.FromSeconds(15));
        }

        Assert.All(waits, wait => Assert.True(wait <= NatPmpConstants.MaxRecreationDelay + s_slack, $"{wait}"));
        Assert.True(waits.Max() > s_slack, "waits are spread over five seconds"); // All below one second: once in ten million.
    }

    [Fact]
    public async Task Keeper_DataPathSuspicion_MappedAgainAtOnce()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.Gateway.Reboot(announce: true);
        lab.Keeper.CheckNow();
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= s_slack + s_slack, $"{took}");
    }

    [Fact]
    public async Task Keeper_AddressChangeAnnounced_ToldAtOnce()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.Gateway.Readdress("203.0.113.77", announce: true);
        TimeSpan took = await lab.UntilAsync(() => IPAddress.Parse("203.0.113.77").Equals(lab.State.Endpoint?.Address));
        Assert.True(took <= s_slack + s_slack, $"{took}");
    }

    [Fact]
    public async Task Keeper_AddressChangeNotAnnounced_NoticedByTheNextQuery()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.Gateway.Readdress("203.0.113.77", announce: false);
        TimeSpan took = await lab.UntilAsync(() => IPAddress.Parse("203.0.113.77").Equals(lab.State.Endpoint?.Address));
        Assert.True(took <= s_poll + s_slack, $"{took}");
        Assert.Equal(KeeperFixture.Port, lab.State.Endpoint?.Port);
    }

    [Fact]
    public async Task Keeper_RebootRightAfterReboot_MappedAgainAlthoughTheEpochHardlyShowsIt()
    {
        await using KeeperFixture lab = new();
        lab.Gateway.Reboot(announce: false);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        lab.Gateway.Reboot(announce: true);
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= NatPmpConstants.MaxRecreationDelay + s_slack, $"{took}");
    }

    [Fact]
    [Trait("rfc", "6886§3.2.1")]
    public async Task Keeper_ForgedAnnouncements_AreIgnoredOrOnlyMakeItAsk()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        int maps = lab.Gateway.MapRequests;
        int queries = lab.Gateway.AddressRequests;
        byte[] forged = Convert.FromHexString("008000000000000101020304");
        lab.Wire.Inject("192.168.1.66:5351", "224.0.0.1:5350", forged);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(6));
        Assert.Equal(queries, lab.Gateway.AddressRequests);
        for (int i = 0; i < 200; i++) lab.Wire.Inject("192.168.1.1:5351", "224.0.0.1:5350", forged);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(6));
        Assert.InRange(lab.Gateway.AddressRequests, queries + 1, queries + 12);
        Assert.InRange(lab.Gateway.MapRequests, maps, maps + 12);
        Assert.Equal(lab.Gateway.ExternalAddress, lab.State.Endpoint?.Address);
    }

    [Fact]
    public async Task Keeper_AnnouncementWithTheOldAddress_AsksUntilTheGatewayHasSettled()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.Gateway.Announce();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(2));
        lab.Gateway.Readdress("203.0.113.77", announce: false);
        TimeSpan took = await lab.UntilAsync(() => IPAddress.Parse("203.0.113.77").Equals(lab.State.Endpoint?.Address));
        Assert.True(took <= TimeSpan.FromSeconds(4), $"{took}");
    }

    [Fact]
    public async Task Keeper_RebootAnnouncedByPcpOnly_MappedAgainWithinFiveSeconds()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        lab.Gateway.Reboot(announce: false);
        lab.Wire.Inject("192.168.1.1:5351", "224.0.0.1:5350", Convert.FromHexString("028000000000000000000000" + new string('0', 24)));
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= NatPmpConstants.MaxRecreationDelay + s_slack, $"{took}");
    }

    [Fact]
    public async Task Keeper_NewNetwork_MapsThereAtOnce()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await using FakeGateway cafe = new(lab.Wire, "10.0.1.1", "198.51.100.20", lab.Clock);
        lab.Host.MoveTo("10.0.1.102");
        lab.Routes.Set("10.0.1.1", "10.0.1.102");
        lab.Keeper.NotifyNetworkChanged();
        TimeSpan took = await lab.UntilAsync(() => IPAddress.Parse("198.51.100.20").Equals(lab.State.Endpoint?.Address));
        Assert.True(took <= s_slack, $"{took}");
        Assert.Equal(IPAddress.Parse("10.0.1.102"), Assert.Single(cafe.Mappings).Client);
        Assert.Equal(0, lab.Gateway.DeleteRequests);
    }

    [Fact]
    public async Task Keeper_NewNetworkWithoutMapping_WithdrawsTheOldEndpoint()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await using FakeGateway cafe = new(lab.Wire, "10.0.1.1", "198.51.100.20", lab.Clock) { Quirks = new FakeGatewayQuirks { Silent = true } };
        lab.Host.MoveTo("10.0.1.102");
        lab.Routes.Set("10.0.1.1", "10.0.1.102");
        lab.Keeper.NotifyNetworkChanged();
        TimeSpan took = await lab.UnavailableAsync();
        Assert.InRange(took.TotalSeconds, 1.9, 4);
    }

    [Fact]
    public async Task Keeper_SameNetworkAgain_KeepsTheEndpointAndTellsNothing()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        Assert.True(lab.Keeper.Changes.TryRead(out _));
        for (int i = 0; i < 20; i++)
        {
            int maps = lab.Gateway.MapRequests;
            lab.Keeper.NotifyNetworkChanged();
            await lab.UntilAsync(() => lab.Gateway.MapRequests > maps);
        }

        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        Assert.False(lab.Keeper.Changes.TryRead(out _));
    }

    [Fact]
    public async Task Keeper_RouteChangesUnannounced_NoticedByTheNextQuery()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        lab.Routes.Clear();
        TimeSpan took = await lab.UnavailableAsync();
        Assert.True(took <= s_poll + s_slack, $"{took}");
        Assert.Equal(BtmmErrorReason.NoGateway, lab.State.Reason);
    }

    [Fact]
    public async Task Keeper_DaemonGoneForAMoment_EndpointStays()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        Assert.True(lab.Keeper.Changes.TryRead(out _));
        await lab.Gateway.CloseAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(45));
        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        lab.Gateway.Reboot(announce: false);
        lab.Gateway.Open();
        await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.False(lab.Keeper.Changes.TryRead(out _));
    }

    [Fact]
    public async Task Keeper_DaemonGoneForGood_EndpointWithdrawnThenBack()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        await lab.Gateway.CloseAsync();
        TimeSpan took = await lab.UnavailableAsync();
        Assert.InRange(took.TotalSeconds, 30, 120);
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, lab.State.Reason);
        lab.Gateway.Open();
        TimeSpan back = await lab.AvailableAsync();
        Assert.True(back <= TimeSpan.FromSeconds(31), $"{back}");
    }

    [Fact]
    public async Task Keeper_GatewaySilentBeyondTheLifetime_EndpointWithdrawn()
    {
        await using KeeperFixture lab = new(pollInterval: TimeSpan.FromMinutes(10));
        lab.Gateway.Quirks = new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(10) };
        await lab.StartAsync();
        lab.Gateway.Quirks = lab.Gateway.Quirks with { Silent = true };
        TimeSpan took = await lab.UnavailableAsync();
        Assert.InRange(took.TotalMinutes, 9.9, 11.5);
        Assert.Equal(BtmmErrorReason.Timeout, lab.State.Reason);
        lab.Gateway.Quirks = new FakeGatewayQuirks();
        await lab.AvailableAsync();
    }

    [Fact]
    public async Task Keeper_GatewayBackWhileAskingSlowly_HintMakesItAskAtOnce()
    {
        await using KeeperFixture lab = new();
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(66)); // The next try would come at 127.75 s at the earliest.
        lab.Gateway.Quirks = new FakeGatewayQuirks();
        lab.Keeper.CheckNow();
        TimeSpan took = await lab.AvailableAsync();
        Assert.True(took <= TimeSpan.FromSeconds(2), $"{took}");
    }
}
