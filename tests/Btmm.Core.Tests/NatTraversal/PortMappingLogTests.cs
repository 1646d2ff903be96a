using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.Core.Tests.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal;

/// <summary>What is refused is reported once, not once per packet. Its gateways have addresses of their own: tests run side by side.</summary>
public sealed class PortMappingLogTests : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly Listener _log = new();
    private FakeGateway? _gateway;
    private IPortMapper? _mapper;

    public PortMappingLogTests() => _wire = new VirtualWire(_clock);

    public async ValueTask DisposeAsync()
    {
        if (_mapper is not null) await _mapper.DisposeAsync();
        if (_gateway is not null) await _gateway.DisposeAsync();
        _log.Dispose();
    }

    [Theory]
    [InlineData("192.168.81.1", true)]
    [InlineData("192.168.82.1", false)]
    public async Task Stranger_AnswersInTheGatewaysPlace_IsReportedOnce(string gateway, bool pcp)
    {
        Open(gateway, pcp, new FakeGatewayQuirks { AnswerAddress = IPAddress.Parse("192.168.80.66"), AnswersTwice = true });
        await AskInVainAsync();
        await AskInVainAsync();
        Assert.Equal([nameof(PortMappingLog.StrangerIgnored)], _log.About(gateway));
    }

    [Fact]
    public async Task WrongNonce_InEveryAnswer_IsReportedOnce()
    {
        Open("192.168.83.1", pcp: true, new FakeGatewayQuirks { PcpWrongNonce = true });
        await AskInVainAsync();
        await AskInVainAsync();
        Assert.Equal([nameof(PortMappingLog.ForeignNonceIgnored)], _log.About("192.168.83.1"));
    }

    [Theory]
    [InlineData("192.168.84.1", true)]
    [InlineData("192.168.85.1", false)]
    public async Task Epoch_RunsBackwards_IsReportedOncePerLoss(string gateway, bool pcp)
    {
        IPortMapper mapper = Open(gateway, pcp, new FakeGatewayQuirks());
        for (int i = 0; i < 3; i++)
        {
            Task query = mapper.QueryAsync(ExchangeEffort.Brief, CancellationToken.None);
            await _clock.RunUntilAsync(() => query.IsCompleted, s_limit);
            await query;
            if (i == 0) _gateway?.ShiftEpoch(TimeSpan.FromHours(-1));
        }

        Assert.Equal([nameof(PortMappingLog.StateLost)], _log.About(gateway));
    }

    [Theory]
    [InlineData("192.168.86.1", "http://198.51.100.66/rootDesc.xml", null)]
    [InlineData("192.168.87.1", null, "192.168.80.66")]
    public async Task Upnp_PointsElsewhereOrComesFromElsewhere_IsReportedOnce(string gateway, string? location, string? sender)
    {
        PortMapperServices services = Services(gateway, out GatewayRoute route, new FakeGatewayQuirks
        {
            SsdpLocation = location,
            SsdpAnswerAddress = sender is null ? null : IPAddress.Parse(sender),
        });
        _mapper = new IgdPortMapper(route, services);
        for (int i = 0; i < 2; i++)
        {
            Task query = _mapper.QueryAsync(ExchangeEffort.Brief, CancellationToken.None);
            await _clock.RunUntilAsync(() => query.IsCompleted, s_limit);
            await Assert.ThrowsAsync<BtmmException>(() => query);
        }

        Assert.Equal([nameof(PortMappingLog.UpnpRefused)], _log.About(gateway));
    }

    private IPortMapper Open(string gateway, bool pcp, FakeGatewayQuirks quirks)
    {
        PortMapperServices services = Services(gateway, out GatewayRoute route, quirks);
        return _mapper = pcp ? new PcpPortMapper(route, services) : new NatPmpPortMapper(route, services);
    }

    private PortMapperServices Services(string gateway, out GatewayRoute route, FakeGatewayQuirks quirks)
    {
        VirtualHost host = _wire.Host(gateway + "00");
        _gateway = new FakeGateway(_wire, gateway, "203.0.113.10", _clock) { Quirks = quirks };
        route = new GatewayRoute(IPAddress.Parse(gateway), host.Address, 2, "eth0");
        return new PortMapperServices(host, host, SystemRandomSource.Instance, _clock, new MappingMemory(SystemRandomSource.Instance));
    }

    private async Task AskInVainAsync()
    {
        Assert.NotNull(_mapper);
        Task map = _mapper.MapAsync(PcpFixture.Request, ExchangeEffort.Brief, CancellationToken.None);
        await _clock.RunUntilAsync(() => map.IsCompleted, s_limit);
        Assert.Equal(BtmmErrorReason.Timeout, (await Assert.ThrowsAsync<BtmmException>(() => map)).Reason);
    }

    private sealed class Listener : EventListener
    {
        private readonly ConcurrentQueue<(string Name, string Gateway)> _events = new();

        public string[] About(string gateway) => [.. _events.Where(entry => entry.Gateway == gateway).Select(entry => entry.Name)];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Btmm-PortMapping") EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            _events?.Enqueue((eventData.EventName ?? "", eventData.Payload?[0] as string ?? ""));
    }
}
