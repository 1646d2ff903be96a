using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Pcp;

/// <summary>What a mapper holds while it asks, is asked to delete, and is refused.</summary>
public sealed class PcpHeldMappingTests : IAsyncDisposable
{
    private static readonly PortMappingRequest s_only8080 = PcpFixture.Request with { SuggestedExternalPort = 8080, PreferFailure = true };
    private readonly PcpFixture _net = new();

    public ValueTask DisposeAsync() => _net.DisposeAsync();

    [Fact]
    public async Task Delete_WhileAQueryIsUnderWay_IsNotUndoneByTheNextQuery()
    {
        PortMapping mapping = await _net.MapAsync();
        _net.Wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(20) };
        Task query = _net.Mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        Task delete = _net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None);
        await _net.RunAsync(Task.WhenAll(query, delete));
        Assert.Empty(_net.Gateway.Mappings);
        await _net.QueryAsync();
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§11.3")]
    public async Task Map_OnlyAnotherPortThanTheHeldOneWillDo_ConflictAndTheHeldOneStays()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresPreferFailure = true };
        await _net.MapAsync();
        BtmmException e = await _net.FailAsync(_net.MapAsync(s_only8080));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Equal(4500, Assert.Single(_net.Gateway.Mappings).ExternalPort);
    }

    [Fact]
    public async Task Map_OnlyAnotherPortThanThatOfAnotherProcessWillDo_ConflictAndItsOneStays()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresPreferFailure = true };
        _net.Memory.Note(await _net.MapAsync());
        await using PcpPortMapper second = new(_net.Route, _net.Services);
        BtmmException e = await _net.FailAsync(second.MapAsync(s_only8080, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Single(_net.Gateway.Mappings);
    }

    [Fact]
    public async Task Map_OnlyOnePortWillDoAndWhatIsRememberedHasEnded_IsGivenBack()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresPreferFailure = true };
        _net.Memory.Note((await _net.MapAsync()) with { MappedAt = _net.Clock.GetUtcNow() - TimeSpan.FromHours(2) });
        await using PcpPortMapper second = new(_net.Route, _net.Services);
        await _net.FailAsync(second.MapAsync(s_only8080, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    public async Task Query_AnsweredBySecondQuestion_RoundTripIsThatOfBoth()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresAnnounce = true };
        GatewayAnswer answer = await _net.QueryAsync();
        Assert.True(answer.RoundTrip >= TimeSpan.FromSeconds(1.5), $"{answer.RoundTrip}"); // Three tries of ANNOUNCE come first.
    }
}
