using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;
using Btmm.Server.Transport.Tls;

namespace Btmm.Server.Transport;

/// <summary>
/// A TCP socket, the loop that accepts connections on it and the connections themselves, within limits (RFC 7766 §6.2.2, §10);
/// with a gate, every connection begins with a TLS handshake.
/// The owner awaits <see cref="RunAsync"/>, which ends when all connections have.
/// </summary>
internal sealed class StreamListener : IDisposable
{
    private const int Backlog = 128;

    private static readonly TimeSpan s_pauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly StreamHandler _handler;
    private readonly ZoneServiceLimits _limits;
    private readonly TlsGate? _gate;
    private readonly int _number;
    private readonly ConcurrentDictionary<Task, IPAddress> _connections = new();

    internal StreamListener(Socket boundSocket, int number, StreamHandler handler, ZoneServiceLimits limits, TlsGate? gate = null)
    {
        _socket = boundSocket;
        _number = number;
        _handler = handler;
        _limits = limits;
        _gate = gate;
        EndPoint = (IPEndPoint)boundSocket.LocalEndPoint!; // bound by the caller
        _socket.Listen(Backlog);
    }

    internal IPEndPoint EndPoint { get; }

    internal int ConnectionCount => _connections.Count;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    Socket connection = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
                    Admit(connection, cancellationToken);
                }
                catch (SocketException error)
                {
                    // Out of descriptors, or a client that was gone before it was accepted.
                    ServerLog.Instance.SocketFailed(EndPoint.ToString(), error.Message);
                    await Task.Delay(s_pauseAfterError, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await Task.WhenAll(_connections.Keys).ConfigureAwait(false);
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Admit(Socket socket, CancellationToken cancellationToken)
    {
        var client = (IPEndPoint)socket.RemoteEndPoint!; // just accepted
        int fromClient = _connections.Count(item => item.Value.Equals(client.Address));
        if (_connections.Count >= _limits.MaxConnections || fromClient >= _limits.MaxConnectionsPerClient)
        {
            socket.Dispose();
            return;
        }

        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        Task task = _gate is null
            ? new StreamConnection(socket, stream, new RequestOrigin(client, _number, DnsTransportKind.Tcp), default, _handler, _limits).RunAsync(cancellationToken)
            : RunTlsAsync(_gate, socket, stream, client, cancellationToken);
        _connections[task] = client.Address;
        _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RunTlsAsync(TlsGate gate, Socket socket, NetworkStream stream, IPEndPoint client, CancellationToken cancellationToken)
    {
        if (await gate.TryAcceptAsync(stream, client, cancellationToken).ConfigureAwait(false) is not var (tls, certificate))
            return;
        var origin = new RequestOrigin(client, _number, DnsTransportKind.Tls);
        await new StreamConnection(socket, tls, origin, certificate.Hash, _handler, _limits).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Forget(Task connection)
    {
        _connections.TryRemove(connection, out _);
        if (connection.Exception is { } error)
            ServerLog.Instance.RequestFailed(EndPoint.ToString(), error.ToString());
    }
}
