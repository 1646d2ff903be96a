using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Btmm.TestKit;

/// <summary>A TCP port of a <see cref="VirtualHost"/> on which connections are accepted. Thread-safe.</summary>
public sealed class VirtualListener : IAsyncDisposable
{
    private const int Backlog = 128;

    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly int _port;
    private readonly Channel<VirtualConnection> _arrivals = Channel.CreateBounded<VirtualConnection>(Backlog);

    internal VirtualListener(VirtualWire wire, VirtualHost host, int port)
    {
        _wire = wire;
        _host = host;
        _port = port;
        wire.Attach(this);
    }

    /// <summary>Where it listens; at all other addresses of its host too.</summary>
    public IPEndPoint LocalEndPoint => new(_host.Address, _port);

    /// <summary>Takes the next connection; the caller disposes it.</summary>
    /// <exception cref="ObjectDisposedException">Nobody listens any more.</exception>
    public async ValueTask<VirtualConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _arrivals.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(VirtualListener));
        }
    }

    /// <summary>Stops to listen; connections that nobody took are reset.</summary>
    public ValueTask DisposeAsync()
    {
        _wire.Detach(this);
        _arrivals.Writer.TryComplete();
        while (_arrivals.Reader.TryRead(out VirtualConnection? left)) left.Abort(SocketError.ConnectionReset);
        return ValueTask.CompletedTask;
    }

    internal bool Accepts(IPEndPoint to) => to.Port == _port && _host.Has(to.Address);

    internal bool TryOffer(VirtualConnection connection) => _arrivals.Writer.TryWrite(connection);
}
