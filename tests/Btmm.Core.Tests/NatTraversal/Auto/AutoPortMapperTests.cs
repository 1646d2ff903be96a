using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>The choice among three methods: who is asked when, who maps, and that there are never two mappings.</summary>
public sealed class AutoPortMapperTests
{
    private const int Seeds = 5;
    private readonly AutoFixture _lab = new();

    [Fact]
    public async Task Query_AllAnswer_PcpWinsAloneAndNothingIsMapped()
    {
        await using AutoPortMapper auto = _lab.Open();
        GatewayAnswer answer = await QueryAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, answer.Method);
        Assert.Equal((1, 0, 0), Queries());
        Assert.Equal(0, _lab.Mappings);
    }

    [Theory]
    [InlineData(150, PortMappingMethod.NatPmp, 101)]
    [InlineData(99, PortMappingMethod.Pcp, 99)]
    public async Task Query_PcpSlow_NatPmpGetsItsChanceAfterAHeadStart(int pcpMilliseconds, PortMappingMethod winner, int milliseconds)
    {
        _lab.Pcp.Delay = TimeSpan.FromMilliseconds(pcpMilliseconds);
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(winner, (await QueryAsync(auto)).Method);
        Assert.Equal(milliseconds, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_OnlyIgd_AnswersAfterTheHeadStarts()
    {
        _lab.Pcp.Deaf = _lab.NatPmp.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal(251, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_PortClosed_NextIsAskedAtOnce()
    {
        _lab.Pcp.QueryFailure = _lab.NatPmp.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal(3, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_MethodRemembered_OthersAreNotAsked()
    {
        _lab.Memory.NoteMethod(_lab.Route.Gateway, PortMappingMethod.Igd);
        _lab.Igd.Delay = TimeSpan.FromMilliseconds(200);
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal((0, 0, 1), Queries());
    }

    [Fact]
    public async Task Query_RememberedMethodGone_OthersFollowAndItIsForgotten()
    {
        _lab.Memory.NoteMethod(_lab.Route.Gateway, PortMappingMethod.Igd);
        _lab.Igd.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Pcp, (await QueryAsync(auto)).Method);
        Assert.Equal(251, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
        await MapAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, _lab.Memory.MethodFor(_lab.Route.Gateway));
    }

    [Theory]
    [InlineData(ExchangeEffort.Thorough, 10)]
    [InlineData(ExchangeEffort.Brisk, 3)]
    [InlineData(ExchangeEffort.Brief, 2)]
    public async Task Query_TotalSilence_UnsupportedInTimeNamingAllThree(ExchangeEffort effort, int seconds)
    {
        foreach (FakeMethod method in _lab.Methods) method.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(effort, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Equal(seconds, _lab.Clock.Elapsed.TotalSeconds, 0.1);
        Assert.All(new[] { "PCP (no answer)", "NAT-PMP (no answer)", "UPnP (no answer)" }, part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
        Assert.Contains("UPnP", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_AllClosed_UnsupportedAtOnce()
    {
        foreach (FakeMethod method in _lab.Methods) method.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Contains("NAT-PMP (not spoken)", e.Message, StringComparison.Ordinal);
        Assert.True(_lab.Clock.Elapsed < TimeSpan.FromSeconds(0.1), $"{_lab.Clock.Elapsed}");
    }

    [Fact]
    public async Task Query_SilentAfterAnAnswer_IsATimeout()
    {
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        foreach (FakeMethod method in _lab.Methods) method.Deaf = true;
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.Timeout, e.Reason);
    }

    [Fact]
    public async Task Query_OneRefusesOthersSilent_RefusalIsToldSoon()
    {
        _lab.Pcp.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        _lab.NatPmp.QueryFailure = BtmmErrorReason.PortMappingNetworkFailure;
        _lab.Igd.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNetworkFailure, e.Reason);
        Assert.Equal(2, _lab.Clock.Elapsed.TotalSeconds, 0.1);
    }

    [Fact]
    public async Task Map_Alone_ByTheWinnerAndRecorded()
    {
        await using AutoPortMapper auto = _lab.Open();
        PortMapping mapping = await MapAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, mapping.Method);
        Assert.Equal((1, 0, 0), Maps());
        Assert.Equal(mapping, Assert.Single(_lab.Memory.Mappings));
        Assert.Equal(PortMappingMethod.Pcp, _lab.Memory.MethodFor(_lab.Route.Gateway));
        await _lab.RunAsync(auto.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Equal(0, _lab.Mappings);
        Assert.Empty(_lab.Memory.Mappings);
    }

    [Theory]
    [InlineData(BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData(BtmmErrorReason.PortMappingOutOfResources)]
    [InlineData(BtmmErrorReason.PortMappingConflict)]
    [InlineData(BtmmErrorReason.PortMappingUnsupported)]
    [InlineData(BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(BtmmErrorReason.MalformedReply)]
    public async Task Map_WinnerRefuses_NextThatAnswersMaps(BtmmErrorReason reason)
    {
        _lab.Pcp.MapFailure = reason;
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.Equal((1, 1, 0), Maps());
        Assert.Equal(1, _lab.Mappings);
        Assert.Equal(PortMappingMethod.NatPmp, Assert.Single(_lab.Memory.Mappings).Method);
        Assert.Equal(PortMappingMethod.NatPmp, _lab.Memory.MethodFor(_lab.Route.Gateway));
    }

    [Fact]
    public async Task Map_AllRefuse_FirstRefusalIsTold()
    {
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingUnsupported;
        _lab.NatPmp.MapFailure = BtmmErrorReason.PortMappingNotAuthorized;
        _lab.Igd.MapFailure = BtmmErrorReason.PortMappingConflict;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, e.Reason);
        Assert.Equal((1, 1, 1), Maps());
        Assert.Empty(_lab.Memory.Mappings);
    }

    [Fact]
    public async Task Map_PortTakenAndNoOtherWanted_NoOtherMethodIsTried()
    {
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingConflict;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request with { PreferFailure = true }, ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Equal((1, 0, 0), Maps());
    }

    [Fact]
    public async Task Map_AnswerLost_DeletedBeforeTheNextMethodMaps()
    {
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        _lab.Pcp.Dumb = true;
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.True(_lab.Pcp.Deletes >= 1);
        Assert.Equal(1, _lab.Mappings);
        Assert.True(_lab.Table.Has(PortMappingMethod.NatPmp, AutoFixture.Port));
        Assert.Equal(2, _lab.Memory.Mappings.Count); // That PCP's is gone is not certain.
        _lab.Pcp.Dumb = false;
        PortMapping renewed = await MapAsync(auto);
        Assert.Equal(renewed, Assert.Single(_lab.Memory.Mappings));
    }

    [Fact]
    public async Task Map_AnswerLostAndNobodyElseThere_NothingIsDeleted()
    {
        await using AutoPortMapper auto = _lab.Open();
        PortMapping mapping = await MapAsync(auto);
        foreach (FakeMethod method in _lab.Methods) method.Dumb = true;
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.Timeout, e.Reason);
        Assert.Equal(0, _lab.Pcp.Deletes);
        Assert.Equal(mapping, Assert.Single(_lab.Memory.Mappings));
    }

    [Fact]
    public async Task Map_Renewal_StaysWithTheMakerThoughAnotherAnswersFaster()
    {
        _lab.Pcp.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        _lab.Pcp.Deaf = false;
        _lab.NatPmp.Delay = TimeSpan.FromMilliseconds(500);
        await QueryAsync(auto);
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.Equal(0, _lab.Pcp.Maps);
    }

    [Fact]
    public async Task Map_MadeByACrashedRun_IsTakenOverByItsMethod()
    {
        _lab.Pcp.Deaf = true;
        await using (AutoPortMapper crashed = _lab.Open()) await MapAsync(crashed);
        _lab.Pcp.Deaf = false;
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.Equal(1, _lab.Mappings);
    }

    [Fact]
    public async Task Map_CrashedRunsMethodRefusesNow_ItsMappingIsDeletedFirst()
    {
        await using (AutoPortMapper crashed = _lab.Open()) await MapAsync(crashed);
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingNotAuthorized;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.Equal(1, _lab.Mappings);
        Assert.Equal(PortMappingMethod.NatPmp, Assert.Single(_lab.Memory.Mappings).Method);
    }

    [Fact]
    public async Task Map_NoRoomForARenewal_MappingIsKeptToItsEndThenAnotherMethodMaps()
    {
        await using AutoPortMapper auto = _lab.Open();
        await MapAsync(auto);
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingOutOfResources;
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingOutOfResources, e.Reason);
        Assert.True(_lab.Table.Has(PortMappingMethod.Pcp, AutoFixture.Port));
        Assert.Equal((2, 0, 0), Maps());
        await _lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.Equal(1, _lab.Mappings);
    }

    [Theory]
    [InlineData(BtmmErrorReason.PortMappingOutOfResources, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(BtmmErrorReason.PortMappingNotAuthorized, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(BtmmErrorReason.PortMappingOutOfResources, BtmmErrorReason.PortMappingNotAuthorized)]
    public async Task Map_RefusedForSeveralReasons_TheMostTellingIsTold(BtmmErrorReason pcp, BtmmErrorReason natPmp)
    {
        _lab.Pcp.MapFailure = pcp;
        _lab.NatPmp.MapFailure = natPmp;
        _lab.Igd.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(natPmp, e.Reason);
    }

    [Fact]
    public async Task Map_OneMethodOnly_OthersAreNeverAskedButTheirsIsReleased()
    {
        await using (AutoPortMapper former = _lab.Open()) await MapAsync(former);
        await using AutoPortMapper auto = _lab.Open(PortMappingMethod.Igd);
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal(PortMappingMethod.Igd, (await MapAsync(auto)).Method);
        Assert.Equal(0, _lab.NatPmp.Queries);
        Assert.Equal((1, 0, 1), Maps());
        Assert.Equal(1, _lab.Mappings);
    }

    [Fact]
    public async Task Map_OneMethodOnlyAndRefused_TellsItsOwnReason()
    {
        _lab.Igd.MapFailure = BtmmErrorReason.PortMappingNotAuthorized;
        await using AutoPortMapper auto = _lab.Open(PortMappingMethod.Igd);
        BtmmException e = await _lab.FailAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal("Igd says PortMappingNotAuthorized", e.Message);
    }

    [Theory]
    [InlineData(0, 40001, 0)]
    [InlineData(40001, 40001, 0)]
    [InlineData(40002, 40002, 1)]
    public async Task Map_IgdAskedForAnotherPort_TheFirstMappingGoesBefore(int suggested, int granted, int deletes)
    {
        await using AutoPortMapper auto = _lab.Open(PortMappingMethod.Igd);
        await _lab.RunAsync(auto.MapAsync(_lab.Request with { SuggestedExternalPort = 40001 }, ExchangeEffort.Brisk, CancellationToken.None));
        PortMapping again = await _lab.RunAsync(
            auto.MapAsync(_lab.Request with { SuggestedExternalPort = suggested }, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(granted, again.ExternalPort);
        Assert.Equal(deletes, _lab.Igd.Deletes);
        Assert.Equal(again, Assert.Single(_lab.Memory.Mappings));
    }

    [Fact]
    public async Task Map_Cancelled_EndsAndTheIntentionIsKnown()
    {
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        _lab.Pcp.Dumb = true;
        using CancellationTokenSource user = new();
        Task<PortMapping> pending = auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, user.Token);
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        await user.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        PortMapping asked = Assert.Single(_lab.Memory.Mappings);
        Assert.Equal(TimeSpan.Zero, asked.Lifetime);
        _lab.Pcp.Dumb = false;
        await _lab.RunAsync(auto.DeleteAsync(asked, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Equal(0, _lab.Mappings);
        Assert.Empty(_lab.Memory.Mappings);
    }

    [Fact]
    public async Task Announcements_AndLosses_OfAllMethodsAreMerged()
    {
        AutoPortMapper auto = _lab.Open();
        foreach (FakeMethod method in _lab.Methods)
        {
            method.Announce(stateLost: true);
            method.StateLossCount = 2;
        }

        await _lab.Clock.RunUntilAsync(() => auto.Announcements.Count == 3, TimeSpan.FromSeconds(1));
        Assert.Equal(6, auto.StateLossCount);
        await auto.DisposeAsync();
        while (auto.Announcements.TryRead(out _)) { }
        Assert.True(auto.Announcements.Completion.IsCompleted);
    }

    [Fact]
    public async Task Any_LossesAndOrders_NeverTwoMappingsAndNoneWhenReleased()
    {
        for (int seed = 0; seed < Seeds; seed++) await WalkAsync(seed);
    }

    /// <summary>A random walk: methods fall silent, refuse and come back, while a mapper maps, renews, crashes and starts again.</summary>
    private static async Task WalkAsync(int seed)
    {
        var random = new Random(seed);
        AutoFixture lab = new();
        AutoPortMapper auto = lab.Open();
        for (int step = 0; step < 5; step++)
        {
            foreach (FakeMethod method in lab.Methods) Misbehave(method, random);
            Task<PortMapping> map = auto.MapAsync(lab.Request, ExchangeEffort.Brisk, CancellationToken.None);
            await lab.Clock.RunUntilAsync(() => map.IsCompleted, TimeSpan.FromMinutes(5));
            if (!map.IsCompletedSuccessfully) Assert.IsType<BtmmException>(map.Exception?.InnerException);

            // A deaf method cannot be told to delete: what it holds is at least known, and goes with the next mapping.
            int unknown = lab.Methods.Count(method => lab.Table.Has(method.Method, AutoFixture.Port) && !lab.Memory.Mappings.Any(kept => kept.Method == method.Method));
            Assert.True(unknown == 0, $"seed {seed}, step {step}: a mapping that nobody knows of");
            int limit = 1 + lab.Methods.Count(method => method.Deaf && lab.Table.Has(method.Method, AutoFixture.Port));
            Assert.True(lab.Mappings <= limit || !map.IsCompletedSuccessfully, $"seed {seed}, step {step}: {lab.Mappings} mappings");
            if (random.Next(4) > 0) continue;
            await auto.DisposeAsync();
            auto = lab.Open();
        }

        foreach (FakeMethod method in lab.Methods) Behave(method);
        await lab.RunAsync(auto.MapAsync(lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.True(lab.Mappings == 1, $"seed {seed}: {lab.Mappings} mappings in the end");
        await lab.RunAsync(auto.DeleteAsync(Assert.Single(lab.Memory.Mappings), ExchangeEffort.Brief, CancellationToken.None));
        Assert.True(lab.Mappings == 0, $"seed {seed}: something is left");
        await auto.DisposeAsync();
    }

    private static void Misbehave(FakeMethod method, Random random)
    {
        Behave(method);
        switch (random.Next(7))
        {
            case 0: method.Deaf = true; break;
            case 1: method.Dumb = true; break;
            case 2: method.QueryFailure = BtmmErrorReason.PortMappingUnsupported; break;
            case 3: method.MapFailure = BtmmErrorReason.PortMappingOutOfResources; break;
            case 4: method.MapFailure = BtmmErrorReason.PortMappingNotAuthorized; break;
            case 5: method.Delay = TimeSpan.FromMilliseconds(random.Next(1000)); break;
            default: break;
        }
    }

    private static void Behave(FakeMethod method)
    {
        method.Deaf = method.Dumb = false;
        method.QueryFailure = method.MapFailure = null;
        method.Delay = TimeSpan.FromMilliseconds(1);
    }

    private Task<GatewayAnswer> QueryAsync(AutoPortMapper auto) => _lab.RunAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));

    private Task<PortMapping> MapAsync(AutoPortMapper auto) => _lab.RunAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));

    private (int Pcp, int NatPmp, int Igd) Queries() => (_lab.Pcp.Queries, _lab.NatPmp.Queries, _lab.Igd.Queries);

    private (int Pcp, int NatPmp, int Igd) Maps() => (_lab.Pcp.Maps, _lab.NatPmp.Maps, _lab.Igd.Maps);
}
