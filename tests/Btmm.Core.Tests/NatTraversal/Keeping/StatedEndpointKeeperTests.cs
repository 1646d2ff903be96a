using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>The keeper when its user says where others reach the host.</summary>
public sealed class StatedEndpointKeeperTests
{
    private const string Outer = "198.51.100.7";
    private const int HandPort = 45999;

    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Keeper_AddressAndPortStated_ToldAtOnceThoughTheGatewayIsSilent()
    {
        await using KeeperFixture lab = new(stated: $"{Outer}:{HandPort}");
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        TimeSpan took = await lab.AvailableAsync();
        Assert.True(took <= s_slack, $"{took}");
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), HandPort), lab.State.Endpoint);
        Assert.Equal(EndpointCandidateKind.Stated, Assert.Single(lab.State.Candidates).Kind);
        Assert.Null(lab.State.Reason);
        Assert.Empty(lab.State.Remedy);
        Assert.Equal("192.168.1.1", $"{lab.State.Gateway}");
    }

    [Fact]
    public async Task Keeper_Stopped_NothingIsOfferedAnyMore()
    {
        await using KeeperFixture lab = new(stated: $"{Outer}:{HandPort}");
        await lab.StartAsync();
        await lab.StopAsync();
        Assert.Equal((EndpointPhase.Searching, "Stopped."), (lab.State.Phase, lab.State.Message));
        Assert.Empty(lab.State.Candidates);
    }

    [Fact]
    public async Task Keeper_PollIntervalShorterThanTheHints_IsAskedInTheirs()
    {
        FakeAddressFinder finder = new(null);
        await using KeeperFixture lab = new(pollInterval: TimeSpan.FromSeconds(1), stated: $":{HandPort}", addresses: finder);
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(21));
        Assert.InRange(finder.Asked, 9, 12);
    }

    [Fact]
    public async Task Keeper_PortStated_AddressIsAskedOutside()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: $":{HandPort}", addresses: finder);
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        await lab.AvailableAsync();
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), HandPort), lab.State.Endpoint);
    }

    [Fact]
    public async Task Keeper_AddressStated_PortIsTheMappedOne()
    {
        await using KeeperFixture lab = new(stated: Outer);
        lab.Gateway.TakePort(KeeperFixture.Port);
        await lab.StartAsync();
        int mapped = Assert.Single(lab.Gateway.Mappings).ExternalPort;
        Assert.NotEqual(KeeperFixture.Port, mapped);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), mapped), lab.State.Endpoint);
    }

    [Fact]
    public async Task Keeper_ExposedHostOfAnOuterRouter_InnerMappingKeptAndReleased()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: "auto", addresses: finder);
        lab.Gateway.Readdress("192.168.0.60", announce: false);
        await lab.StartAsync();
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), KeeperFixture.Port), lab.State.Endpoint);
        Assert.Single(lab.State.Candidates);
        await lab.Clock.RunForAsync(TimeSpan.FromHours(2));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(await lab.StopAsync());
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task Keeper_AutoWithAPublicMapping_AsWithoutIt()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: "auto", addresses: finder);
        await lab.StartAsync();
        EndpointCandidate only = Assert.Single(lab.State.Candidates);
        Assert.Equal(EndpointCandidateKind.Mapped, only.Kind);
        Assert.Equal("203.0.113.10", $"{only.Address}");
    }

    [Fact]
    public async Task Keeper_NobodyOutsideAnswers_SaysWhatToState()
    {
        await using KeeperFixture lab = new(stated: $":{HandPort}", addresses: new FakeAddressFinder(null));
        lab.Gateway.Readdress("192.168.0.60", announce: false);
        lab.Keeper.Start();
        await lab.UnavailableAsync();
        Assert.Equal(BtmmErrorReason.Unreachable, lab.State.Reason);
        Assert.Contains("ADDRESS:PORT", lab.State.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keeper_OuterAddressChanges_NoticedByTheNextQuestionAndByAHint()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: "auto", addresses: finder);
        lab.Gateway.Readdress("192.168.0.60", announce: false);
        await lab.StartAsync();
        finder.Tell("198.51.100.8");
        TimeSpan took = await lab.UntilAsync(() => "198.51.100.8" == $"{lab.State.Endpoint?.Address}");
        Assert.InRange(took, TimeSpan.Zero, s_poll + s_slack);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        finder.Tell("198.51.100.9");
        lab.Keeper.CheckNow();
        took = await lab.UntilAsync(() => "198.51.100.9" == $"{lab.State.Endpoint?.Address}");
        Assert.InRange(took, TimeSpan.Zero, s_slack);
    }

    [Fact]
    public async Task Keeper_OutsideFallsSilent_LastAddressStays()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: $":{HandPort}", addresses: finder);
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        await lab.AvailableAsync();
        finder.Tell(null);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), HandPort), lab.State.Endpoint);
    }

    [Fact]
    public async Task Keeper_Hints_AskOutsideNoMoreThanEveryTwoSeconds()
    {
        FakeAddressFinder finder = new(Outer);
        await using KeeperFixture lab = new(stated: $":{HandPort}", addresses: finder);
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        await lab.AvailableAsync();
        int before = finder.Asked;
        for (int hint = 0; hint < 100; hint++)
        {
            lab.Keeper.CheckNow();
            await lab.Clock.RunForAsync(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(finder.Asked - before, 1, 6);
    }

    [Fact]
    public async Task Keeper_NetworkGone_NothingIsToldUntilTheNext()
    {
        await using KeeperFixture lab = new(stated: $"{Outer}:{HandPort}");
        await lab.StartAsync();
        lab.Routes.Clear();
        lab.Keeper.NotifyNetworkChanged();
        await lab.UnavailableAsync();
        Assert.Equal(BtmmErrorReason.NoGateway, lab.State.Reason);
        Assert.Null(lab.State.Endpoint);
        lab.Routes.Set("192.168.1.1", "192.168.1.100");
        lab.Keeper.NotifyNetworkChanged();
        await lab.AvailableAsync();
        Assert.Equal(new IPEndPoint(IPAddress.Parse(Outer), HandPort), lab.State.Endpoint);
    }
}
