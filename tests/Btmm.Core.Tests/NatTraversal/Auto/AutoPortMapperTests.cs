using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>By which of three methods a port is mapped, and that there are never two mappings.</summary>
public sealed class AutoPortMapperTests
{
    private readonly AutoFixture _lab = new();

    [Fact]
    public async Task Map_Alone_ByTheWinnerAndRecorded()
    {
        await using AutoPortMapper auto = _lab.Open();
        PortMapping mapping = await MapAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, mapping.Method);
        Assert.Equal((1, 0, 0), Maps());
        Assert.Equal(mapping, Assert.Single(_lab.Memory.Mappings));
        Assert.Equal(PortMappingMethod.Pcp, _lab.Memory.MethodFor(new(_lab.Route.Gateway)));
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
        Assert.Equal(PortMappingMethod.NatPmp, _lab.Memory.MethodFor(new(_lab.Route.Gateway)));
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
    public async Task Map_MakerSilentAndAnotherAnswers_TakesOverWithinSeconds()
    {
        await using AutoPortMapper auto = _lab.Open();
        await MapAsync(auto);
        _lab.Pcp.Deaf = true;
        await QueryAsync(auto);
        TimeSpan start = _lab.Clock.Elapsed;
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto)).Method);
        Assert.InRange((_lab.Clock.Elapsed - start).TotalSeconds, 1, 5);
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

    private Task<GatewayAnswer> QueryAsync(AutoPortMapper auto) => _lab.RunAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));

    private Task<PortMapping> MapAsync(AutoPortMapper auto) => _lab.RunAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));

    private (int Pcp, int NatPmp, int Igd) Maps() => (_lab.Pcp.Maps, _lab.NatPmp.Maps, _lab.Igd.Maps);
}
