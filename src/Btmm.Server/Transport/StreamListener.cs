using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;
using Btmm.Server.Transport.Tls;

namespace Btmm.Server.Transport;

/// <summary>
/// A TCP socket, the loop that accepts connections on it and the connections themselves, within limits (RFC 7766 §6.2.2, §10);
/// with a gate, every connection begins with a TLS handshake. The owner awaits <see cref="RunAsync"/>, which ends when all
/// connections have.
/// </summary>
internal sealed class StreamListener : IDisposable
{
    private const int Backlog = 128;

    private static readonly TimeSpan s_pauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly StreamContext _context;
    private readonly TlsGate? _gate;
    private readonly int _number;
    private readonly ConcurrentDictionary<Task, bool> _connections = new();

    internal StreamListener(Socket boundSocket, int number, StreamContext context, TlsGate? gate = null)
    {
        _socket = boundSocket;
        _number = number;
        _context = context;
        _gate = gate;
        EndPoint = (IPEndPoint)boundSocket.LocalEndPoint!; // bound by the caller
        _socket.Listen(Backlog);
    }

    internal IPEndPoint EndPoint { get; }

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
                    await Task.Delay(s_pauseAfterError, _context.Clock.TimeProvider, cancellationToken).ConfigureAwait(false);
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
        if (!_context.Table.TryEnter(client.Address))
        {
            _context.Metrics.Add(ServerCount.ConnectionsRefused);
            socket.Dispose();
            return;
        }

        // Not on this loop's thread: a handshake takes a good part of a millisecond of arithmetic.
        Task task = Task.Run(() => ServeAsync(socket, client, cancellationToken), CancellationToken.None);
        _connections[task] = true;
        _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task ServeAsync(Socket socket, IPEndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            socket.NoDelay = true;
            using var stream = new NetworkStream(socket, ownsSocket: true);
            if (_gate is null)
                await MakeConnection(socket, stream, client, DnsTransportKind.Tcp, default).RunAsync(cancellationToken).ConfigureAwait(false);
            else if (await _gate.TryAcceptAsync(stream, client, cancellationToken).ConfigureAwait(false) is var (tls, certificate))
                await MakeConnection(socket, tls, client, DnsTransportKind.Tls, certificate.Hash).RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            socket.Dispose(); // it was gone before it began
        }
        finally
        {
            _context.Table.Leave(client.Address);
        }
    }

    private StreamConnection MakeConnection(Socket socket, Stream stream, IPEndPoint client, DnsTransportKind kind, ReadOnlyMemory<byte> certificateHash) =>
        new(socket, stream, new RequestOrigin(client, _number, kind), certificateHash, _context);

    private void Forget(Task connection)
    {
        _connections.TryRemove(connection, out _);
        if (connection.Exception is { } error)
            ServerLog.Instance.RequestFailed(EndPoint.ToString(), error.ToString());
    }
}
