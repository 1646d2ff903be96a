using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;

namespace Btmm.TestKit;

/// <summary>A datagram channel of a <see cref="VirtualHost"/>.</summary>
internal sealed class VirtualChannel : IDatagramChannel
{
    private const int QueueLength = 1024;

    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly AddressFamily _family;
    private readonly IPAddress? _bound;
    private readonly int _port;
    private readonly DatagramChannelOptions _options;
    private readonly Channel<Arrival> _arrivals = Channel.CreateBounded<Arrival>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropWrite });

    internal VirtualChannel(
        VirtualWire wire, VirtualHost host, AddressFamily family, IPAddress? bound, int port, DatagramChannelOptions options)
    {
        _wire = wire;
        _host = host;
        _family = family;
        _bound = bound;
        _port = port;
        _options = options with
        {
            Connect = options.Connect is null ? null : VirtualWire.Plain(options.Connect),
            MulticastGroup = options.MulticastGroup is null ? null : VirtualWire.Plain(options.MulticastGroup),
        };
    }

    public IPEndPoint LocalEndPoint => new(_bound ?? _host.AddressOf(_family), _port);

    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IPEndPoint to = _options.Connect ?? remote;
        IPAddress from = _bound is not null && _host.Has(_bound) ? _bound : _host.SourceFor(to.Address);
        _wire.Carry(new WireDatagram(new IPEndPoint(from, _port), to, datagram.ToArray()));
        return ValueTask.CompletedTask;
    }

    public async ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Arrival arrival;
        try
        {
            arrival = await _arrivals.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(VirtualChannel));
        }

        if (arrival.Datagram is null) throw new SocketException((int)SocketError.ConnectionRefused);
        ReadOnlyMemory<byte> payload = arrival.Datagram.Payload;
        int length = Math.Min(payload.Length, buffer.Length);
        payload[..length].CopyTo(buffer);
        return new ReceivedDatagram(length, VirtualWire.Scoped(arrival.Datagram.From), payload.Length > buffer.Length);
    }

    public ValueTask DisposeAsync()
    {
        _wire.Detach(this);
        _arrivals.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    internal bool Accepts(WireDatagram datagram)
    {
        if (datagram.To.Port != _port) return false;
        if (_options.Connect is not null && !datagram.From.Equals(_options.Connect)) return false;
        return Owns(datagram.To) || datagram.To.Address.Equals(_options.MulticastGroup);
    }

    /// <summary>Whether datagrams to that endpoint are for this channel and those from there came from it.</summary>
    internal bool Owns(IPEndPoint local)
    {
        if (local.Port != _port || local.Address.AddressFamily != _family) return false;
        return _bound is null ? _host.Has(local.Address) : _bound.Equals(local.Address) && _host.Has(_bound);
    }

    internal void Deliver(WireDatagram datagram) => _arrivals.Writer.TryWrite(new Arrival(datagram));

    /// <summary>An ICMP port-unreachable from that peer: a socket hears of it that is connected to it, or asked to hear.</summary>
    internal void Refuse(IPEndPoint peer)
    {
        if (_options.ReportUnreachable || peer.Equals(_options.Connect)) _arrivals.Writer.TryWrite(new Arrival(null));
    }

    private readonly record struct Arrival(WireDatagram? Datagram);
}
