using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.NatPmp;

/// <summary>Mapping by NAT-PMP when only one external port will do.</summary>
public sealed class NatPmpPortMapperTests : IAsyncDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeGateway _gateway;
    private readonly MappingMemory _memory = new(SystemRandomSource.Instance);
    private readonly NatPmpPortMapper _mapper;

    public NatPmpPortMapperTests()
    {
        VirtualWire wire = new(_clock);
        VirtualHost host = wire.Host("192.168.1.100");
        _gateway = new FakeGateway(wire, "192.168.1.1", "203.0.113.10", _clock);
        FakeGatewayFinder routes = new();
        routes.Set("192.168.1.1", "192.168.1.100");
        GatewayRoute route = routes.FindDefault() ?? throw new InvalidOperationException("no route");
        PortMapperServices services = new(
            host, host, SystemRandomSource.Instance, _clock, _memory);
        _mapper = new NatPmpPortMapper(route, services);
    }

    [Fact]
    public async Task Map_OnlyTakenPortWillDo_ConflictAndNothingLeft()
    {
        _gateway.TakePort(8080);
        BtmmException failure = await Assert.ThrowsAsync<BtmmException>(() => MapAsync(preferFailure: true));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, failure.Reason);
        Assert.Empty(_gateway.Mappings);
    }

    [Fact]
    public async Task Map_TakenPortIsSuggestedOnly_AnotherPort()
    {
        _gateway.TakePort(8080);
        Assert.NotEqual(8080, (await MapAsync(preferFailure: false)).ExternalPort);
    }

    [Fact]
    public async Task Map_OnlyFreePortWillDo_ThatPort() => Assert.Equal(8080, (await MapAsync(preferFailure: true)).ExternalPort);

    [Fact]
    [Trait("rfc", "6886§3.3")]
    public async Task Map_OnlyAnotherPortThanTheRememberedOneWillDo_ConflictAndThatOneStays()
    {
        _gateway.TakePort(8080);
        PortMapping known = await MapAsync(preferFailure: false);
        _memory.Note(known);
        BtmmException failure = await Assert.ThrowsAsync<BtmmException>(() => MapAsync(preferFailure: true));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, failure.Reason);
        Assert.Equal(known.ExternalPort, Assert.Single(_gateway.Mappings).ExternalPort);
    }

    public async ValueTask DisposeAsync()
    {
        await _mapper.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    private Task<PortMapping> MapAsync(bool preferFailure) => _mapper.MapAsync(
        new PortMappingRequest(PortMappingProtocol.Tcp, 80, 8080, TimeSpan.FromHours(1)) { PreferFailure = preferFailure },
        ExchangeEffort.Brisk,
        CancellationToken.None);
}
