using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>How often the keeper asks a gateway of PCP alone, by what, and what it notices by that.</summary>
public sealed class PcpPollTests : IAsyncDisposable
{
    private static readonly IPAddress s_moved = IPAddress.Parse("203.0.113.77");
    private readonly QuirkLab _lab = new(PortMappingMethod.Pcp);

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    [Trait("rfc", "6887§11.2.1")]
    public async Task AnHour_NothingHappens_AnnounceAtEachPollAndTheMappingAtEachFourth()
    {
        await _lab.StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.InRange(Count(PcpOpcode.Announce), 118, 123);
        Assert.InRange(Count(PcpOpcode.Map), 29, 33);
        Assert.Single(_lab.Gateway.Mappings);
        Assert.Equal(1, _lab.CountTold());
    }

    [Fact]
    public async Task EveryGrant_IsInTheMemoryWithItsEnd()
    {
        await _lab.StartAsync();
        for (int i = 0; i < 90; i++)
        {
            await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(41));
            Assert.Equal(Assert.Single(_lab.Gateway.Mappings).ExpiresAt, Assert.Single(_lab.Memory.Mappings).ExpiresAt, TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task RebootWithoutAnAnnouncement_MappedAgainWithinOnePoll()
    {
        await _lab.StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(40));
        _lab.Gateway.Reboot(announce: false);
        Assert.Empty(_lab.Gateway.Mappings);
        TimeSpan took = await _lab.UntilAsync(() => _lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= TimeSpan.FromSeconds(30), $"{took}");
        await _lab.UntilAsync(() => _lab.Keeper.GatewayRestarts.TryRead(out _), TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2.5)]
    [InlineData(7)]
    public async Task NewAddressAndAHintBeforeIt_FollowUpsAskForTheAddressUntilItIsThere(double secondsAfterTheHint)
    {
        await _lab.StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(40));
        _lab.Gateway.Announce();
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(secondsAfterTheHint));
        _lab.Gateway.Readdress("203.0.113.77", announce: false);
        TimeSpan took = await _lab.UntilAsync(() => s_moved.Equals(_lab.State.Endpoint?.Address));
        Assert.True(took <= TimeSpan.FromSeconds(4.1), $"{took}");
        Assert.Single(_lab.Gateway.Mappings);
    }

    [Fact]
    public async Task NewAddressAndASuspicion_ToldAtOnce()
    {
        await _lab.StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(40));
        _lab.Gateway.Readdress("203.0.113.77", announce: false);
        _lab.Keeper.CheckNow();
        await _lab.UntilAsync(() => s_moved.Equals(_lab.State.Endpoint?.Address), TimeSpan.FromSeconds(1));
        await _lab.UntilAsync(() => _lab.Keeper.GatewayRestarts.TryRead(out _), TimeSpan.FromSeconds(1)); // Flows are gone too.
    }

    [Fact]
    public async Task RenewalsThatKeepTheEnd_AskedForAtEachFourthPoll_AreJudgedAtHalfTheLifetimeAlone()
    {
        _lab.Quirks = new FakeGatewayQuirks { Renewal = FakeRenewal.KeepsTheEnd, MaxLifetime = TimeSpan.FromMinutes(20) };
        await _lab.StartAsync();
        int gaps = await _lab.CountGapsAsync(TimeSpan.FromMinutes(90), TimeSpan.FromSeconds(10));
        Assert.Equal(0, gaps);
        Assert.InRange(_lab.Gateway.PcpRequests.Count(request => request is { Opcode: (byte)PcpOpcode.Map, LifetimeSeconds: 0 }), 5, 9);
    }

    private int Count(PcpOpcode opcode) => _lab.Gateway.PcpRequests.Count(request => request.Opcode == (int)opcode);
}
