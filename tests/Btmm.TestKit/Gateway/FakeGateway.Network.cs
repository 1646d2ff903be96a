using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>The gateway's ports: NAT-PMP and PCP share 5351, told apart by the version (RFC 6887 §9).</summary>
public sealed partial class FakeGateway
{
    private const int ServerPort = NatPmpConstants.GatewayPort;
    private const int MaxDatagram = 1500;

    private readonly List<IAsyncDisposable> _sockets = [];
    private readonly List<Task> _loops = [];
    private CancellationTokenSource _closing = new();

    /// <summary>Multicasts once, in each protocol that it speaks, that something changed.</summary>
    public void Announce()
    {
        byte[] natPmp;
        byte[] pcp;
        byte[] igd;
        lock (_gate) (natPmp, pcp, igd) = (_natPmp.Announcement(), _pcp.Announcement(), _ssdp.Notice());
        if (Protocols.HasFlag(FakeGatewayProtocols.Igd)) _wire.Inject($"{Address}:{FakeSsdp.Port}", $"{FakeSsdp.Group}:{FakeSsdp.Port}", igd);
        if (Protocols.HasFlag(FakeGatewayProtocols.NatPmp)) _wire.Inject($"{Address}:{ServerPort}", "224.0.0.1:5350", natPmp);
        if (!Protocols.HasFlag(FakeGatewayProtocols.Pcp)) return;
        _wire.Inject($"{Address}:{ServerPort}", "224.0.0.1:5350", pcp);
        if (Address6 is not null) _wire.Inject($"[{Address6}]:{ServerPort}", "[ff02::1]:5350", pcp);
    }

    /// <summary>Stops listening: requests are answered by ICMP port-unreachable, connections refused.</summary>
    public async Task CloseAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        foreach (IAsyncDisposable socket in _sockets) await socket.DisposeAsync().ConfigureAwait(false);
        foreach (Task loop in _loops) await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sockets.Clear();
        _loops.Clear();
        _closing.Dispose();
        _closing = new CancellationTokenSource();
    }

    /// <summary>Listens again after <see cref="CloseAsync"/>.</summary>
    public void Open()
    {
        if ((Protocols & (FakeGatewayProtocols.NatPmp | FakeGatewayProtocols.Pcp)) != 0)
        {
            Serve(Bind(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, ServerPort))));
            if (Address6 is not null) Serve(Bind(new DatagramChannelOptions(new IPEndPoint(IPAddress.IPv6Any, ServerPort))));
        }

        if (!Protocols.HasFlag(FakeGatewayProtocols.Igd)) return;
        ServeSsdp(Bind(new DatagramChannelOptions(new IPEndPoint(Address, FakeSsdp.Port))), FakeSsdpWays.Unicast);
        IPEndPoint group = new(FakeSsdp.Group, FakeSsdp.Port);
        ServeSsdp(Bind(new DatagramChannelOptions(group, MulticastGroup: group.Address, ReuseAddress: true)), FakeSsdpWays.Multicast);
        VirtualListener listener = _host.Listen(FakeHttp.Port);
        _sockets.Add(listener);
        _loops.Add(_http.ServeAsync(listener, _closing.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _closing.Dispose();
    }

    /// <summary>How long the next answer takes.</summary>
    internal TimeSpan NextDelay() => Interlocked.Increment(ref _delayed) <= Quirks.DelaysFirst ? Quirks.AnswerDelay : TimeSpan.Zero;

    /// <summary>Sends an answer: as often and as late as the quirks say.</summary>
    private void Send(IPEndPoint from, IPEndPoint to, byte[] answer)
    {
        TimeSpan delay = NextDelay();
        for (int copy = Quirks.AnswersTwice ? 2 : 1; copy > 0; copy--)
        {
            if (delay == TimeSpan.Zero) _wire.Inject(from.ToString(), to.ToString(), answer);
            else _wire.InjectLater(from.ToString(), to.ToString(), answer, delay);
        }
    }

    private IDatagramChannel Bind(DatagramChannelOptions options)
    {
        IDatagramChannel channel = _host.Open(options);
        _sockets.Add(channel);
        return channel;
    }

    private void Serve(IDatagramChannel channel) => _loops.Add(ReceiveAsync(channel, (request, client) =>
    {
        if (Locked(() => Answer(request, client)) is not { } answer) return;
        int port = Quirks.AnswerPort == 0 ? ServerPort : Quirks.AnswerPort;
        Send(new IPEndPoint(Quirks.AnswerAddress ?? VirtualWire.Plain(channel.LocalEndPoint.Address), port), client, answer);
    }));

    private void ServeSsdp(IDatagramChannel channel, FakeSsdpWays way) => _loops.Add(ReceiveAsync(channel, (request, client) =>
    {
        int port = Quirks.SsdpAnswerPort == 0 ? FakeSsdp.Port : Quirks.SsdpAnswerPort;
        IPEndPoint from = new(Quirks.SsdpAnswerAddress ?? Address, port);
        foreach (byte[] answer in Locked(() => _ssdp.Answer(request, way, client))) Send(from, client, answer);
    }));

    private static async Task ReceiveAsync(IDatagramChannel channel, Action<byte[], IPEndPoint> handle)
    {
        byte[] buffer = new byte[MaxDatagram];
        while (true)
        {
            ReceivedDatagram received = await channel.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            handle(buffer[..received.Length], VirtualWire.Plain(received.Remote));
        }
    }

    private byte[]? Answer(byte[] request, IPEndPoint client)
    {
        bool natPmp = Protocols.HasFlag(FakeGatewayProtocols.NatPmp) && client.AddressFamily == AddressFamily.InterNetwork;
        bool pcp = Protocols.HasFlag(FakeGatewayProtocols.Pcp);
        if (request.Length == 0 || !(natPmp || pcp)) return null;
        bool version0 = request[0] == 0;
        FakeGatewayProtocols asked = version0 ? FakeGatewayProtocols.NatPmp : FakeGatewayProtocols.Pcp;
        if (Quirks.SendsFromVersionToVersion || !(version0 ? natPmp : pcp))
        {
            Note(asked, FakeGatewayRequestKind.Discover, "OtherVersion", client);
            if (Ignores(asked)) return null;
            return version0 ? _pcp.UnsupportedVersion(request) : _natPmp.UnsupportedVersion(request);
        }

        return version0 ? _natPmp.Answer(request, client) : _pcp.Answer(request, client);
    }
}
