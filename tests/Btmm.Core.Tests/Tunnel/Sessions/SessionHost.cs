using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Tunnel;
using Btmm.Core.Tunnel.Sessions;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tests.Tunnel.Sessions;

/// <summary>A session manager over a fake packet path, on a wire that carries datagrams by endpoint.</summary>
internal sealed class SessionHost : IDatagramSocket
{
    private static readonly byte[] s_key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();

    private readonly SessionWire _wire;
    private readonly Channel<IkeDatagram> _datagrams = Channel.CreateUnbounded<IkeDatagram>();
    private readonly Channel<PacketPathEvent> _events = Channel.CreateUnbounded<PacketPathEvent>();

    public SessionHost(SessionWire wire, string name, int number, Func<SessionManagerOptions, SessionManagerOptions>? configure = null)
    {
        _wire = wire;
        Name = name;
        Identifier = IPAddress.Parse($"fd00::{number}");
        Endpoint = new IPEndPoint(IPAddress.Parse($"192.0.2.{number}"), 40000 + number);
        Table = new FakeSaTable(wire.Clock);
        var options = new SessionManagerOptions
        {
            Ike = new IkeOptions { LocalIdentity = name, LocalIdentifier = Identifier, Suites = [IkeSuite.Aes256Gcm16PrfSha256Ecp256] },
            PreSharedKey = s_key,
        };
        Manager = new SessionManager(configure?.Invoke(options) ?? options, Table, this, _datagrams.Reader, _events.Reader, null, wire.Clock);
        wire.Place(this);
        Manager.Start();
    }

    public string Name { get; }

    public IPAddress Identifier { get; }

    public IPEndPoint Endpoint { get; private set; }

    public FakeSaTable Table { get; }

    public SessionManager Manager { get; }

    public int LocalPort => Endpoint.Port;

    public DatagramSocketCounters Counters => new(0, 0, 0, 0, 0, 0);

    public int SentCount { get; private set; }

    public TunnelPeer AsPeer(bool withEndpoint = true) =>
        new() { Identifier = Identifier, Name = Name, Endpoint = withEndpoint ? Endpoint : null };

    public TunnelState StateOf(SessionHost peer) =>
        Manager.GetTunnels().FirstOrDefault(t => t.Peer.Equals(peer.Identifier))?.State ?? TunnelState.Idle;

    public TunnelStatus StatusOf(SessionHost peer) => Manager.GetTunnels().Single(t => t.Peer.Equals(peer.Identifier));

    public void MoveTo(string endpoint)
    {
        _wire.Remove(this);
        Endpoint = IPEndPoint.Parse(endpoint);
        _wire.Place(this);
    }

    public void Raise(PacketPathEvent happened) => _events.Writer.TryWrite(happened);

    public void Deliver(IPEndPoint from, byte[] datagram)
    {
        Assert.Equal(0, BitConverter.ToInt32(datagram)); // the non-ESP marker
        _datagrams.Writer.TryWrite(new IkeDatagram(from, datagram.AsMemory(4)));
    }

    public bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote)
    {
        SentCount++;
        var to = (IPEndPoint)new IPEndPoint(remote.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(remote);
        _wire.Carry(Endpoint, to, datagram.ToArray());
        return true;
    }

    public int Receive(PacketBatch batch) => throw new NotSupportedException("the packet path is a fake");

    public int Send(PacketBatch batch, int start, int count, SocketAddress remote) => throw new NotSupportedException("the packet path is a fake");

    public void Interrupt()
    {
    }

    public void Dispose()
    {
    }
}
