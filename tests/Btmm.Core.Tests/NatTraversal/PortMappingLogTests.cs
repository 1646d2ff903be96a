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

    private static readonly Dictionary<string, (FakeGatewayQuirks Quirks, RefusedAnswerKind Kind)> s_forms = new()
    {
        ["ten megabytes"] = (new() { DescriptionPadding = 10_000_000 }, RefusedAnswerKind.TooLong),
        ["endless chunks"] = (new() { DescriptionPadding = -1, HttpFraming = FakeHttpFraming.Chunked }, RefusedAnswerKind.TooLong),
        ["endless body"] = (new() { DescriptionPadding = -1, HttpFraming = FakeHttpFraming.UntilClose }, RefusedAnswerKind.TooLong),
        ["endless headers"] = (new() { HttpEndlessHeaders = true }, RefusedAnswerKind.TooLong),
        ["chunk below zero"] = (new() { HttpFraming = FakeHttpFraming.Chunked, HttpChunkHead = "-1\r\n" }, RefusedAnswerKind.NotHttp),
        ["length below zero"] = (new() { HttpLengths = ["-1"] }, RefusedAnswerKind.NotHttp),
        ["redirect elsewhere"] = (new() { DescriptionStatus = 302 }, RefusedAnswerKind.Redirected),
        ["entity bomb"] = (
            new() { Description = "<!DOCTYPE root [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><root><device>&b;</device></root>" },
            RefusedAnswerKind.UnreadableDescription),
        ["DTD"] = (new() { Description = "<!DOCTYPE root SYSTEM \"http://192.0.2.66/evil.dtd\"><root/>" }, RefusedAnswerKind.UnreadableDescription),
        ["giant depth"] = (
            new() { Description = $"<root>{string.Concat(Enumerable.Repeat("<device>", 15_000))}" }, RefusedAnswerKind.UnreadableDescription),
        ["no XML"] = (new() { Description = "404 \x1b[2J" }, RefusedAnswerKind.UnreadableDescription),
        ["no SOAP"] = (new() { GarbledActions = ["GetStatusInfo", "GetExternalIPAddress"] }, RefusedAnswerKind.NotSoap),
        ["many places elsewhere"] = (
            new()
            {
                SsdpLocation = "http://198.51.100.66/",
                SsdpMoreLocations = [.. Enumerable.Range(0, 20).Select(i => $"http://198.51.100.66/{new string('x', 20 * i)}")],
            },
            RefusedAnswerKind.PointsElsewhere),
        ["services elsewhere"] = (
            new()
            {
                IgdServices = [.. Enumerable.Range(1, 6).Select(i => new FakeIgdService("WANIPConnection:1", $"http://198.51.100.66/{i}"))],
            },
            RefusedAnswerKind.PointsElsewhere),
    };

    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly Listener _log = new();
    private readonly ConcurrentQueue<RefusedAnswer> _told = new();
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
        RefusedAnswer told = Assert.Single(_told);
        Assert.Equal(RefusedAnswerKind.Stranger, told.Kind);
        Assert.Contains("192.168.80.66", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongNonce_InEveryAnswer_IsReportedOnce()
    {
        Open("192.168.83.1", pcp: true, new FakeGatewayQuirks { PcpWrongNonce = true });
        await AskInVainAsync();
        await AskInVainAsync();
        Assert.Equal([nameof(PortMappingLog.ForeignNonceIgnored)], _log.About("192.168.83.1"));
        Assert.Equal(RefusedAnswerKind.WrongNonce, Assert.Single(_told).Kind);
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
        IPAddress? answers = sender is null ? null : IPAddress.Parse(sender);
        await AskByUpnpAsync(gateway, new FakeGatewayQuirks { SsdpLocation = location, SsdpAnswerAddress = answers }, times: 2);
        Assert.Equal([nameof(PortMappingLog.UpnpRefused)], _log.About(gateway));
        Assert.Equal(sender is null ? RefusedAnswerKind.PointsElsewhere : RefusedAnswerKind.AnotherGateway, Assert.Single(_told).Kind);
    }

    public static TheoryData<string> Forms => [.. s_forms.Keys];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Upnp_RefusedInAnyForm_IsReportedOnce(string form)
    {
        (FakeGatewayQuirks quirks, RefusedAnswerKind kind) = s_forms[form];
        string gateway = $"192.168.{100 + s_forms.Keys.ToList().IndexOf(form)}.1";
        await AskByUpnpAsync(gateway, quirks, times: 3);
        Assert.Equal([nameof(PortMappingLog.UpnpRefused)], _log.About(gateway));
        RefusedAnswer told = Assert.Single(_told);
        Assert.Equal((kind, gateway), (told.Kind, $"{told.Gateway}"));
        Assert.Contains(gateway, told.Message, StringComparison.Ordinal);
        Assert.InRange(told.Message.Length, 20, 350);
        Assert.DoesNotContain(told.Message, char.IsControl);
        Assert.EndsWith(".", told.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upnp_AnswersWithoutSoapWhatCanBeDoneWithout_IsNotReported()
    {
        await AskByUpnpAsync("192.168.88.1", new FakeGatewayQuirks { GarbledActions = ["GetStatusInfo"] }, times: 1, works: true);
        Assert.Empty(_log.About("192.168.88.1"));
        Assert.Empty(_told);
    }

    private async Task AskByUpnpAsync(string gateway, FakeGatewayQuirks quirks, int times, bool works = false)
    {
        PortMapperServices services = Services(gateway, out GatewayRoute route, quirks);
        _mapper = new IgdPortMapper(route, services);
        for (int i = 0; i < times; i++)
        {
            Task query = _mapper.QueryAsync(ExchangeEffort.Brief, CancellationToken.None);
            await _clock.RunUntilAsync(() => query.IsCompleted, s_limit);
            if (works) await query;
            else await Assert.ThrowsAsync<BtmmException>(() => query);
        }
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
        return new PortMapperServices(host, host, SystemRandomSource.Instance, _clock, new MappingMemory(SystemRandomSource.Instance))
        { Refused = _told.Enqueue };
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
