using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>UPnP is spoken on private networks only: neither with a gateway out there, nor by a host out there.</summary>
public sealed class IgdScopeTests : IAsyncDisposable
{
    private const int Port = 45678;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private FakeGateway? _gateway;

    public IgdScopeTests() => _wire = new VirtualWire(_clock);

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("203.0.113.1", "203.0.113.7", "own address 203.0.113.7")]
    [InlineData("192.168.1.1", "203.0.113.7", "own address 203.0.113.7")]
    [InlineData("203.0.113.1", "192.168.1.100", "that address")]
    [InlineData("100.63.255.1", "10.0.0.2", "that address")]
    [InlineData("172.32.0.1", "172.31.0.2", "that address")]
    public async Task Mapper_AnAddressIsPublic_SendsNothingAndSaysWhy(string gateway, string local, string words)
    {
        PortMapperServices services = Services(gateway, local, out GatewayRoute route);
        services.MemoryOf(route).NoteDescription($"http://{gateway}:5000/rootDesc.xml");
        await using var mapper = new IgdPortMapper(route, services);
        var request = new PortMappingRequest(PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1));
        var former = new PortMapping(
            PortMappingMethod.Igd, route.Gateway, PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1), _clock.GetUtcNow());
        Task[] operations =
        [
            mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None),
            mapper.MapAsync(request, ExchangeEffort.Thorough, CancellationToken.None),
            mapper.DeleteAsync(former, ExchangeEffort.Brief, CancellationToken.None),
        ];
        foreach (Task operation in operations)
        {
            BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => operation);
            Assert.Equal(BtmmErrorReason.PortMappingUnsupported, error.Reason);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            Assert.NotEmpty(error.Remedy);
        }

        Assert.Empty(_wire.Sent);
        Assert.Empty(_wire.Connects);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.255.0.2")]
    [InlineData("172.31.0.1", "172.16.0.2")]
    [InlineData("169.254.0.1", "169.254.7.7")]
    [InlineData("100.64.0.1", "100.127.255.2")]
    public async Task Mapper_BothAddressesArePrivate_IsAnswered(string gateway, string local)
    {
        PortMapperServices services = Services(gateway, local, out GatewayRoute route);
        await using var mapper = new IgdPortMapper(route, services);
        Task<GatewayAnswer> query = mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None);
        await _clock.RunUntilAsync(() => query.IsCompleted, s_limit);
        Assert.Equal("203.0.113.10", $"{(await query).ExternalAddress}");
    }

    [Fact]
    public async Task Examination_OwnAddressIsPublic_SearchesForNobodyAndTriesNoMapping()
    {
        PortMapperServices services = Services("203.0.113.1", "203.0.113.7", out GatewayRoute route);
        FakeGatewayFinder routes = new();
        routes.Set("203.0.113.1", "203.0.113.7");
        var examiner = new GatewayExaminer(new GatewayExaminerParts
        {
            Gateways = routes,
            OpenMapper = (method, way) => MapperLanes.Make(way, services).First(lane => lane.Method == method).Mapper,
            Channels = services.Channels,
            Streams = services.Streams,
            Time = _clock,
        });
        Task<GatewayVerdict> examination = examiner.ExamineAsync(new GatewayExaminerOptions());
        await _clock.RunUntilAsync(() => examination.IsCompleted, s_limit);
        GatewayVerdict verdict = await examination;
        Assert.Equal(GatewayVerdictKind.DirectPublic, verdict.Kind);
        Assert.DoesNotContain(_wire.Sent, datagram => datagram.To.Port == IgdConstants.SsdpPort);
        Assert.DoesNotContain(_wire.Connects, connect => connect.To.Address.Equals(route.Gateway));
        Assert.Contains(_gateway!.Log, request => request.Kind == FakeGatewayRequestKind.Query);
        Assert.DoesNotContain(_gateway.Log, request => request.Kind is FakeGatewayRequestKind.Map or FakeGatewayRequestKind.Delete);
        Assert.Contains(verdict.Evidence, entry => entry.Step == GatewayStep.Mapping && entry.Answer.Contains("needs no mapping", StringComparison.Ordinal));
    }

    private PortMapperServices Services(string gateway, string local, out GatewayRoute route)
    {
        VirtualHost host = _wire.Host(local);
        _gateway = new FakeGateway(_wire, gateway, "203.0.113.10", _clock);
        route = new GatewayRoute(IPAddress.Parse(gateway), host.Address, 2, "eth0");
        return new PortMapperServices(host, host, SystemRandomSource.Instance, _clock, new MappingMemory(SystemRandomSource.Instance));
    }
}
