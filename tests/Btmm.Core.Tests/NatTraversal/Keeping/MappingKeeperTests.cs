using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>The keeper on one network: mapping, renewal, failures, release.</summary>
public sealed class MappingKeeperTests
{
    private static readonly IPEndPoint s_endpoint = IPEndPoint.Parse($"203.0.113.10:{KeeperFixture.Port}");

    [Fact]
    public async Task Keeper_GoodGateway_EndpointWithinASecond()
    {
        await using KeeperFixture lab = new();
        Assert.Equal(EndpointPhase.Searching, lab.State.Phase);
        lab.Keeper.Start();
        TimeSpan took = await lab.AvailableAsync();
        Assert.True(took < TimeSpan.FromSeconds(1), $"{took}");
        Assert.Equal(s_endpoint, lab.State.Endpoint);
        EndpointCandidate candidate = Assert.Single(lab.State.Candidates);
        Assert.Equal(EndpointCandidateKind.Mapped, candidate.Kind);
        Assert.NotNull(candidate.ExpiresAt);
        Assert.Equal(KeeperFixture.Port, Assert.Single(lab.Gateway.Mappings).InternalPort);
        Assert.True(lab.Keeper.Changes.TryRead(out EndpointState? told));
        Assert.Equal(s_endpoint, told.Endpoint);
    }

    [Fact]
    public async Task Keeper_OwnAddressPublic_EndpointWithoutAPacket()
    {
        await using KeeperFixture lab = new("203.0.113.50");
        await lab.StartAsync();
        Assert.Equal(IPEndPoint.Parse($"203.0.113.50:{KeeperFixture.Port}"), lab.State.Endpoint);
        Assert.Equal(EndpointCandidateKind.DirectPublic, lab.State.Candidates[0].Kind);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(lab.Wire.Sent);
    }

    [Fact]
    public async Task Keeper_NoGateway_SaysSoAndFindsItLater()
    {
        await using KeeperFixture lab = new();
        lab.Routes.Clear();
        lab.Keeper.Start();
        await lab.UnavailableAsync();
        Assert.Equal(BtmmErrorReason.NoGateway, lab.State.Reason);
        Assert.Empty(lab.State.Candidates);
        lab.Routes.Set("192.168.1.1", "192.168.1.100");
        TimeSpan took = await lab.AvailableAsync();
        Assert.True(took <= TimeSpan.FromSeconds(10), $"{took}");
    }

    [Fact]
    [Trait("rfc", "6886§3.3")]
    public async Task Keeper_Mapping_IsRenewedAtHalfLifeWithTheGrantedPort()
    {
        await using KeeperFixture lab = new(pollInterval: TimeSpan.FromMinutes(20));
        lab.Gateway.TakePort(KeeperFixture.Port);
        await lab.StartAsync();
        Assert.Equal(KeeperFixture.Port + 1, lab.State.Endpoint?.Port);
        DateTimeOffset? firstExpiry = lab.State.Candidates[0].ExpiresAt;
        int before = lab.Gateway.MapRequests;
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.MapRequests > before);
        Assert.InRange(took, TimeSpan.FromMinutes(29), TimeSpan.FromMinutes(31));
        NatPmpRequest[] maps = [.. lab.Gateway.NatPmpRequests.Where(request => request.Opcode == NatPmpOpcode.MapUdp)];
        Assert.Equal(maps[0] with { SuggestedExternalPort = KeeperFixture.Port + 1 }, maps[^1]);
        await lab.UntilAsync(() => lab.State.Candidates[0].ExpiresAt > firstExpiry);
        Assert.True(lab.Keeper.Changes.TryRead(out _));
        Assert.False(lab.Keeper.Changes.TryRead(out _)); // A renewal alone is no news.
    }

    [Theory]
    [InlineData(120, 60)]
    [InlineData(100_000, 1800)]
    public async Task Keeper_OtherLifetimeGranted_RenewsInTime(int granted, int renewal)
    {
        await using KeeperFixture lab = new(pollInterval: TimeSpan.FromHours(1));
        lab.Gateway.Quirks = new FakeGatewayQuirks { FixedLifetime = TimeSpan.FromSeconds(granted) };
        await lab.StartAsync();
        int before = lab.Gateway.MapRequests;
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.MapRequests > before);
        Assert.InRange(took.TotalSeconds, renewal - 1, renewal + 1);
    }

    [Fact]
    public async Task Keeper_BadWire_MappingNeverLapses()
    {
        await using KeeperFixture lab = new(pollInterval: TimeSpan.FromMinutes(10));
        lab.Gateway.Quirks = new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(20), AnswersTwice = true };
        lab.Wire.Conditions = new WireConditions { Loss = 0.3, Reordering = 0.2, Latency = TimeSpan.FromMilliseconds(10) };
        await lab.StartAsync();
        for (int i = 0; i < 6; i++)
        {
            await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
            Assert.Single(lab.Gateway.Mappings);
            Assert.Equal(s_endpoint, lab.State.Endpoint);
        }
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.0.2")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.60")]
    [InlineData("169.254.1.1")]
    public async Task Keeper_ExternalAddressNotPublic_DoubleNatAndNothingMapped(string external)
    {
        await using KeeperFixture lab = new();
        lab.Gateway.Readdress(external, announce: false);
        lab.Keeper.Start();
        await lab.UnavailableAsync();
        Assert.Equal(BtmmErrorReason.DoubleNat, lab.State.Reason);
        Assert.Null(lab.State.Endpoint);
        Assert.Equal(IPAddress.Parse(external), lab.State.ExternalAddress);
        Assert.NotEmpty(lab.State.Remedy);
        Assert.Equal(0, lab.Gateway.MapRequests);
        lab.Gateway.Readdress("203.0.113.10", announce: false);
        await lab.AvailableAsync();
        Assert.Equal(s_endpoint, lab.State.Endpoint);
    }

    [Theory]
    [InlineData(NatPmpResult.NotAuthorized, BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData(NatPmpResult.OutOfResources, BtmmErrorReason.PortMappingOutOfResources)]
    [InlineData(NatPmpResult.NetworkFailure, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData((NatPmpResult)77, BtmmErrorReason.MalformedReply)]
    public async Task Keeper_MappingRefused_SaysWhyAndTriesAgain(NatPmpResult result, BtmmErrorReason reason)
    {
        await using KeeperFixture lab = new();
        lab.Gateway.Quirks = new FakeGatewayQuirks { MapResult = result };
        lab.Keeper.Start();
        await lab.UnavailableAsync();
        Assert.Equal(reason, lab.State.Reason);
        Assert.Null(lab.State.Endpoint);
        Assert.NotEmpty(lab.State.Remedy);
        lab.Gateway.Quirks = new FakeGatewayQuirks();
        await lab.AvailableAsync();
    }

    [Fact]
    public async Task Keeper_PortClosed_UnsupportedAtOnceAndAskedSeldom()
    {
        await using KeeperFixture lab = new();
        await lab.Gateway.CloseAsync();
        lab.Keeper.Start();
        TimeSpan took = await lab.UnavailableAsync();
        Assert.True(took < TimeSpan.FromSeconds(1), $"{took}");
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, lab.State.Reason);
        int before = lab.Wire.Sent.Count;
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(4));
        Assert.True(lab.Wire.Sent.Count <= before + 1, $"{lab.Wire.Sent.Count}");
    }

    [Fact]
    [Trait("rfc", "6886§3.1")]
    public async Task Keeper_Silence_SaysSoEarlyAndUnsupportedAfterNineTries()
    {
        await using KeeperFixture lab = new();
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        lab.Keeper.Start();
        TimeSpan early = await lab.UnavailableAsync();
        Assert.InRange(early.TotalSeconds, 1.9, 4);
        Assert.Equal(BtmmErrorReason.Timeout, lab.State.Reason);
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        Assert.Equal(9, lab.Gateway.AddressRequests);
    }

    [Fact]
    [Trait("rfc", "6886§3.1")]
    public async Task Keeper_AnnouncementFromUnsupportedGateway_AsksAgain()
    {
        await using KeeperFixture lab = new();
        await lab.Gateway.CloseAsync();
        lab.Keeper.Start();
        await lab.UnavailableAsync();
        lab.Gateway.Open();
        lab.Gateway.Announce();
        TimeSpan took = await lab.AvailableAsync();
        Assert.True(took < TimeSpan.FromSeconds(10), $"{took}");
    }

    [Fact]
    [Trait("rfc", "6886§3.4")]
    public async Task Keeper_Stop_ReleasesTheMapping()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        Assert.True(await lab.StopAsync());
        Assert.Empty(lab.Gateway.Mappings);
        Assert.Equal(NatPmpRequest.Delete(NatPmpOpcode.MapUdp, KeeperFixture.Port), lab.Gateway.NatPmpRequests[^1]);
        Assert.Null(lab.State.Endpoint);
        while (lab.Keeper.Changes.TryRead(out _)) { }
        Assert.True(lab.Keeper.Changes.Completion.IsCompleted);
    }

    [Fact]
    public async Task Keeper_StopWithSilentGateway_TakesTwoSecondsAtMost()
    {
        await using KeeperFixture lab = new();
        await lab.StartAsync();
        lab.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        TimeSpan start = lab.Clock.Elapsed;
        Assert.False(await lab.StopAsync());
        Assert.InRange(lab.Clock.Elapsed - start, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.True(lab.Gateway.DeleteRequests >= 2);
    }

    [Fact]
    public async Task Keeper_StopBeforeStart_DoesNothing()
    {
        await using KeeperFixture lab = new();
        Assert.True(await lab.StopAsync());
        lab.Keeper.Start();
        Assert.Empty(lab.Wire.Sent);
    }
}
