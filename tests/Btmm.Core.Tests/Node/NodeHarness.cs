using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.TestKit;
using Btmm.TestKit.Packets;

namespace Btmm.Core.Tests.Node;

/// <summary>One node whose world is in memory: zone, gateway, sockets, interface. Its events are collected.</summary>
internal sealed class NodeHarness : IAsyncDisposable
{
    internal const string Domain = "alice.example.net";
    private readonly List<NodeEvent> _events = [];
    private readonly Channel<NetworkChange> _network = Channel.CreateUnbounded<NetworkChange>();
    private Task _reading = Task.CompletedTask;

    /// <param name="host">The host's label.</param>
    /// <param name="stateDirectory">Where the node keeps its state.</param>
    /// <param name="account">The account; stays the caller's.</param>
    /// <param name="zone">The zone that all nodes share.</param>
    /// <param name="wire">The internet that all nodes share.</param>
    /// <param name="local">The host's own address.</param>
    /// <param name="examine">Examines the way to the internet; null for no examinations.</param>
    internal NodeHarness(
        string host, string stateDirectory, BtmmAccount account, MemoryZone zone, MemoryDatagramNetwork wire, string local,
        Func<EndpointState, CancellationToken, Task<GatewayVerdict>>? examine = null)
    {
        Route = new GatewayRoute(IPAddress.Parse("192.168.1.1"), IPAddress.Parse(local), 2, "eth0");
        System.OpenTun = () => Tun;
        var options = new BtmmNodeOptions { Account = account, HostLabel = host, StateDirectory = stateDirectory };
        var platform = new NodePlatform
        {
            Channels = new NoNetwork(),
            Streams = new NoNetwork(),
            NameServers = new FixedNameServers(),
            Sockets = new Sockets(this, wire),
            Gateways = new Gateways(this),
            OpenMonitor = () => new Monitor(this),
            System = System,
            BootId = "boot-1",
        };
        var connections = new NodeConnections
        {
            OpenMappers = (memory, refused) =>
            {
                Refused = refused;
                return new RecordedMapper(Mapper, memory);
            },
            ZoneUpdater = zone,
            OpenRecordWatcher = zone.Open,
            OpenExaminer = examine is null ? null : (_, _) => examine,
        };
        Node = new BtmmNode(options, platform, connections);
    }

    internal BtmmNode Node { get; }

    internal FakeSystem System { get; } = new();

    internal FakeMapper Mapper { get; } = new();

    /// <summary>What the node is told of refused answers by; null before the start.</summary>
    internal Action<RefusedAnswer>? Refused { get; private set; }

    internal FakeTun Tun { get; } = new() { Name = "btmm0", Mtu = 1280 };

    internal GatewayRoute? Route { get; set; }

    internal HashSet<int> BusyPorts { get; } = [];

    internal Task StartAsync()
    {
        _reading = ReadAsync();
        return Node.StartAsync();
    }

    internal void MoveTo(GatewayRoute? route)
    {
        Route = route;
        _network.Writer.TryWrite(new NetworkChange(NetworkChangeKind.Route, 2));
    }

    internal NodeEvent[] Events(NodeEventKind kind)
    {
        lock (_events) return [.. _events.Where(e => e.Kind == kind)];
    }

    internal NodeEventKind[] Kinds()
    {
        lock (_events) return [.. _events.Select(e => e.Kind)];
    }

    internal async Task<NodeEvent> WaitForAsync(NodeEventKind kind, Func<NodeEvent, bool>? condition = null)
    {
        await Eventually.HoldsAsync(() => Events(kind).Any(condition ?? (_ => true)), $"{kind} among: {string.Join("; ", Kinds())}");
        return Events(kind).First(condition ?? (_ => true));
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await _reading;
    }

    internal static BtmmAccount NewAccount() => BtmmAccount.Create(DnsName.Parse(Domain), SystemRandomSource.Instance);

    private async Task ReadAsync()
    {
        await foreach (NodeEvent happened in Node.Events.ReadAllAsync())
        {
            lock (_events) _events.Add(happened);
        }
    }

    private sealed class Gateways(NodeHarness harness) : IGatewayFinder
    {
        public GatewayRoute? FindDefault() => harness.Route;

        public GatewayRoute? FindDefaultV6() => null;

        public System.Net.NetworkInformation.PhysicalAddress? FindLinkAddress(GatewayRoute route) => null;

        public IReadOnlyList<GatewayRoute> FindAll() => harness.Route is { } only ? [only] : [];
    }

    private sealed class RecordedMapper(FakeMapper mapper, IMappingMemory memory) : IPortMapperFactory
    {
        public IPortMapper Open(GatewayRoute route) =>
            new RecordingPortMapper(mapper.Open(route), PortMappingMethod.NatPmp, new GatewayMemory(memory, null, route), TimeProvider.System);
    }

    private sealed class Monitor(NodeHarness harness) : INetworkMonitor
    {
        public ChannelReader<NetworkChange> Subscribe() => harness._network.Reader;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Sockets(NodeHarness harness, MemoryDatagramNetwork wire) : IDatagramSocketFactory
    {
        public IDatagramSocket Open(IPEndPoint local) => harness.BusyPorts.Contains(local.Port)
            ? throw new BtmmException(BtmmErrorReason.ResourceBusy, "busy", "Choose another port.")
            : wire.Open(new IPEndPoint(harness.Route?.LocalAddress ?? IPAddress.Loopback, local.Port));
    }

    private sealed class NoNetwork : IDatagramChannelFactory, IStreamDialer
    {
        public IDatagramChannel Open(DatagramChannelOptions options) => throw new InvalidOperationException("a unit test has no network");

        public ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("a unit test has no network");
    }
}
