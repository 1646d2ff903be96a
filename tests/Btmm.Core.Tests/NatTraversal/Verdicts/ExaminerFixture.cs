using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>A host, its gateway in three protocols, routers and servers, all in memory, and an examiner on them.</summary>
internal sealed class ExaminerFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _sites = [];
    private readonly List<VirtualListener> _listeners = [];

    internal ExaminerFixture(string local = "192.168.1.100")
    {
        Wire = new VirtualWire(Clock);
        Host = Wire.Host(local);
        Gateways.Set("192.168.1.1", local);
        Hops = new FakeHopFinder(Clock, "192.168.1.1", "203.0.113.1", null);
        Mappers = Enum.GetValues<PortMappingMethod>().ToDictionary(method => method, method => new ScriptedMapper(method, Clock));
    }

    internal FakeClock Clock { get; } = new();

    internal VirtualWire Wire { get; }

    internal VirtualHost Host { get; }

    internal FakeGatewayFinder Gateways { get; } = new();

    internal FakeHopFinder Hops { get; set; }

    internal Dictionary<PortMappingMethod, ScriptedMapper> Mappers { get; }

    internal List<GatewayRoute> Opened { get; } = [];

    /// <summary>What web servers were asked.</summary>
    internal List<string> Requests { get; } = [];

    /// <summary>Whether a filter of the host's own refuses every datagram.</summary>
    internal bool RefusesToSend { get; set; }

    internal GatewayExaminerOptions Options { get; set; } = new();

    /// <summary>No protocol is answered.</summary>
    internal void SilenceGateway()
    {
        foreach (ScriptedMapper mapper in Mappers.Values) mapper.QueryDelay = TimeSpan.FromMinutes(5);
    }

    /// <summary>A web server that gives everybody the same answer.</summary>
    internal void Serve(string address, int port, string answer)
    {
        VirtualListener listener = Wire.Host(address).Listen(port);
        _listeners.Add(listener);
        _sites.Add(ServeAsync(listener, Encoding.ASCII.GetBytes(answer)));
    }

    internal Task<GatewayVerdict> Start(CancellationToken cancellationToken = default) => Examiner.ExamineAsync(Options, cancellationToken);

    internal GatewayExaminer Examiner => new(new GatewayExaminerParts
    {
        Gateways = Gateways,
        OpenMapper = Open,
        Channels = RefusesToSend ? new MuteChannels(Host) : Host,
        Streams = Host,
        Hops = Hops,
        Time = Clock,
        ResolveHost = (name, _) => ResolveAsync(name),
    });

    internal async Task<GatewayVerdict> ExamineAsync()
    {
        Task<GatewayVerdict> examination = Start();
        await Clock.RunUntilAsync(() => examination.IsCompleted, TimeSpan.FromMinutes(1));
        return await examination;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (VirtualListener listener in _listeners) await listener.DisposeAsync();
        await Task.WhenAll(_sites).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private IPortMapper Open(PortMappingMethod method, GatewayRoute route)
    {
        lock (Opened) Opened.Add(route);
        return Mappers[method];
    }

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string name)
    {
        await Task.Yield();
        return name switch
        {
            "probe.example" or "xn--pr-gka.example" => [IPAddress.Parse("203.0.113.80")],
            "missing.example" => throw new SocketException((int)SocketError.HostNotFound),
            _ => [],
        };
    }

    private async Task ServeAsync(VirtualListener listener, byte[] answer)
    {
        byte[] buffer = new byte[2048];
        while (true)
        {
            await using VirtualConnection connection = await listener.AcceptAsync(_stop.Token);
            int length = await connection.ReadAsync(buffer, _stop.Token);
            lock (Requests) Requests.Add(Encoding.ASCII.GetString(buffer, 0, length));
            if (length > 0 && answer.Length > 0) await connection.WriteAsync(answer, _stop.Token);
        }
    }

    private sealed class MuteChannels(IDatagramChannelFactory inner) : IDatagramChannelFactory
    {
        public IDatagramChannel Open(DatagramChannelOptions options) => new MuteChannel(inner.Open(options));
    }

    private sealed class MuteChannel(IDatagramChannel inner) : IDatagramChannel
    {
        public IPEndPoint LocalEndPoint => inner.LocalEndPoint;

        public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken) =>
            throw new SocketException((int)SocketError.AccessDenied);

        public ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
            inner.ReceiveAsync(buffer, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
