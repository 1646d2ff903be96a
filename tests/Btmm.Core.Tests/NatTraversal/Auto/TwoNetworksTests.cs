using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>A host with one address, and a gateway with one address, on two networks: all that differs is the gateways' link-layer addresses.</summary>
public sealed class TwoNetworksTests : IAsyncDisposable
{
    private const string Inner = "192.168.1.1";
    private const string Local = "192.168.1.100";
    private const int Port = 45678;

    private readonly FakeClock _clock = new();
    private readonly FakeGatewayFinder _routes = new();
    private readonly MappingMemory _memory = new(SystemRandomSource.Instance);
    private readonly FakeGateway _home;
    private readonly FakeGateway _away;
    private readonly VirtualHost _atHome;
    private readonly VirtualHost _atAway;
    private readonly List<PortMapping> _released = [];
    private readonly List<BtmmException> _failed = [];
    private VirtualHost _host;
    private PhysicalAddress? _link = PhysicalAddress.Parse("020000AA0001");

    public TwoNetworksTests()
    {
        VirtualWire home = new(_clock);
        VirtualWire away = new(_clock);
        _host = _atHome = home.Host(Local);
        _atAway = away.Host(Local);
        _home = new FakeGateway(home, Inner, "203.0.113.10", _clock, FakeGatewayProtocols.All);
        _away = new FakeGateway(away, Inner, "198.51.100.20", _clock, FakeGatewayProtocols.All);
        _routes.Set(Inner, Local);
        _routes.LinkAddress = _ => _link;
    }

    private PortMapperServices Services => new(_host, _host, SystemRandomSource.Instance, _clock, _memory) { Gateways = _routes };

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _away.DisposeAsync();
    }

    [Theory]
    [InlineData(FakeGatewayProtocols.Pcp)]
    [InlineData(FakeGatewayProtocols.NatPmp)]
    [InlineData(FakeGatewayProtocols.Igd)]
    public async Task Former_StartOnAnotherNetwork_NothingIsAskedTheRecordStaysAndIsReleasedAtHome(FakeGatewayProtocols speaks)
    {
        _home.Protocols = _away.Protocols = speaks;
        PortMapping left = await CrashAsync();
        Go(toHome: false);
        await ReleaseAsync(keptPort: 1);
        Assert.Equal((0, 0, 0), (_released.Count, _failed.Count, _away.Log.Count));
        Assert.Equal(left, Assert.Single(_memory.Mappings));
        Go(toHome: true);
        await ReleaseAsync(keptPort: 1);
        Assert.Equal(left, Assert.Single(_released));
        Assert.Empty(_home.Mappings);
        Assert.Empty(_memory.Mappings);
    }

    [Theory]
    [InlineData(FakeGatewayProtocols.Pcp)]
    [InlineData(FakeGatewayProtocols.NatPmp)]
    [InlineData(FakeGatewayProtocols.Igd)]
    public async Task Former_LinkAddressComesWithTheFirstAnswer_IsAskedWhoItIsAndNothingIsDeleted(FakeGatewayProtocols speaks)
    {
        _home.Protocols = _away.Protocols = speaks;
        PortMapping left = await CrashAsync();
        Go(toHome: false);
        _routes.LinkAddress = _ => _away.Log.Count == 0 ? null : _link; // As the neighbour table has it.
        await ReleaseAsync(keptPort: 1);
        Assert.Equal((0, 0, 0), (_released.Count, _failed.Count, _away.DeleteRequests));
        Assert.Equal(left, Assert.Single(_memory.Mappings));
    }

    [Theory]
    [InlineData(FakeGatewayProtocols.Pcp)]
    [InlineData(FakeGatewayProtocols.NatPmp)]
    [InlineData(FakeGatewayProtocols.Igd)]
    public async Task Keeper_SamePortOnAnotherNetwork_RecordsStandSideBySideAndHomeIsRenewedNotMadeTwice(FakeGatewayProtocols speaks)
    {
        _home.Protocols = _away.Protocols = speaks;
        PortMapping left = await CrashAsync();
        Go(toHome: false);
        await using (MappingKeeper keeper = await KeepAsync())
        {
            Assert.Equal(2, _memory.Mappings.Count);
            Assert.NotEqual(left.Nonce, _memory.Mappings[^1].Nonce ?? default);
            await StopAsync(keeper);
        }

        Assert.Empty(_away.Mappings);
        Assert.Equal(left, Assert.Single(_memory.Mappings));
        Assert.Single(_home.Mappings);
        Go(toHome: true);
        await using (MappingKeeper keeper = await KeepAsync())
        {
            Assert.Single(_home.Mappings);
            Assert.Equal(left.Nonce, Assert.Single(_memory.Mappings).Nonce);
            await StopAsync(keeper);
        }

        Assert.Empty(_home.Mappings);
        Assert.Empty(_memory.Mappings);
    }

    [Fact]
    public async Task Delete_MappingOfTheOtherNetwork_IsRefusedAndSaysWhy()
    {
        PortMapping left = await CrashAsync();
        Go(toHome: false);
        await using IPortMapper mapper = new PortMapperFactory(Services).Open(_routes.FindDefault()!);
        Task delete = mapper.DeleteAsync(left, ExchangeEffort.Brief, CancellationToken.None);
        await _clock.RunUntilAsync(() => delete.IsCompleted, TimeSpan.FromMinutes(1));
        BtmmException refusal = await Assert.ThrowsAsync<BtmmException>(() => delete);
        Assert.Equal(BtmmErrorReason.PortMappingElsewhere, refusal.Reason);
        Assert.Contains("020000AA0001", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, _away.DeleteRequests);
        Assert.Equal(left, Assert.Single(_memory.Mappings));
    }

    [Fact]
    public async Task Former_PermanentRecordAndGatewayNotProven_NoSuchEntryThereForgetsNothing()
    {
        _home.Protocols = _away.Protocols = FakeGatewayProtocols.Igd;
        _link = null; // As through a VPN, or noted by a version that knew no link-layer addresses.
        PortMapping left = await CrashAsync();
        _memory.Forget(left);
        left = left with { IsPermanent = true };
        _memory.Note(left);
        Go(toHome: false);
        await ReleaseAsync(keptPort: 1);
        Assert.Empty(_released);
        Assert.Equal(left, Assert.Single(_memory.Mappings));
        Go(toHome: true);
        await ReleaseAsync(keptPort: 1);
        Assert.Equal(left, Assert.Single(_released));
        Assert.Empty(_memory.Mappings);
    }

    [Fact]
    public async Task Former_PermanentRecordAndTheGatewayItself_NoSuchEntryForgetsItAndReportsNothing()
    {
        _home.Protocols = FakeGatewayProtocols.Igd;
        PortMapping left = await CrashAsync();
        _memory.Note(left with { IsPermanent = true });
        _home.Forget();
        await ReleaseAsync(keptPort: 1);
        Assert.Empty(_released);
        Assert.Empty(_memory.Mappings);
    }

    [Fact]
    public async Task Keeper_PermanentRecordOfAFormerVersion_IsForgottenWhereItIsStillThere()
    {
        _home.Protocols = FakeGatewayProtocols.Igd;
        _memory.Note((await CrashAsync()) with { IsPermanent = true, GatewayLinkAddress = null });
        await using MappingKeeper keeper = await KeepAsync();
        await StopAsync(keeper);
        Assert.Empty(_home.Mappings);
        Assert.Empty(_memory.Mappings);
    }

    [Fact]
    public async Task Former_TwoInterfacesWithGatewaysOfOneAddress_EachIsAskedForItsOwn()
    {
        PortMapping home = Noted(40001, "020000AA0001");
        PortMapping away = Noted(40002, "020000BB0001");
        _routes.AddOther(Inner, Local, 3);
        _routes.LinkAddress = index => PhysicalAddress.Parse(index == 2 ? "020000AA0001" : "020000BB0001");
        await ReleaseAsync(keptPort: 1);
        Assert.Equal([home, away], _released);
    }

    private PortMapping Noted(int port, string link)
    {
        PortMapping mapping = new(
            PortMappingMethod.NatPmp, IPAddress.Parse(Inner), PortMappingProtocol.Udp, port, port, TimeSpan.FromHours(1), _clock.GetUtcNow())
        { GatewayLinkAddress = PhysicalAddress.Parse(link) };
        _memory.Note(mapping);
        return mapping;
    }

    private void Go(bool toHome)
    {
        _host = toHome ? _atHome : _atAway;
        if (_link is not null) _link = PhysicalAddress.Parse(toHome ? "020000AA0001" : "020000BB0001");
    }

    /// <summary>Maps the port here and leaves it behind.</summary>
    private async Task<PortMapping> CrashAsync()
    {
        await using IPortMapper mapper = new PortMapperFactory(Services).Open(_routes.FindDefault()!);
        PortMappingRequest request = new(PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(12));
        Task<PortMapping> map = mapper.MapAsync(request, ExchangeEffort.Thorough, CancellationToken.None);
        await _clock.RunUntilAsync(() => map.IsCompleted, TimeSpan.FromMinutes(1));
        await map;
        return Assert.Single(_memory.Mappings);
    }

    private async Task ReleaseAsync(int keptPort)
    {
        Task release = new FormerMappings(_memory, new PortMapperFactory(Services), _routes).ReleaseAsync(
            PortMappingProtocol.Udp, keptPort, _released.Add, _failed.Add, CancellationToken.None);
        await _clock.RunUntilAsync(() => release.IsCompleted, TimeSpan.FromMinutes(1));
        await release;
    }

    private async Task<MappingKeeper> KeepAsync()
    {
        MappingKeeper keeper = new(
            new MappingKeeperOptions { InternalPort = Port }, _routes, new PortMapperFactory(Services), _clock, SystemRandomSource.Instance, _memory);
        keeper.Start();
        await _clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(1));
        return keeper;
    }

    private async Task StopAsync(MappingKeeper keeper)
    {
        Task<bool> stop = keeper.StopAsync();
        await _clock.RunUntilAsync(() => stop.IsCompleted, TimeSpan.FromMinutes(1));
        Assert.True(await stop);
    }
}
