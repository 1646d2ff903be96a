using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// A UDP socket and the loop that answers what arrives on it. Updates wait for the store, so each is answered by a task of its
/// own and everything else goes on meanwhile. The owner awaits <see cref="RunAsync"/>.
/// </summary>
internal sealed class UdpListener : IDisposable
{
    // A request never needs more; longer datagrams arrive cut off and fail to parse.
    private const int MaxRequest = 65_535;

    // Bursts of updates and acknowledgements must not be lost while one request is worked on.
    private const int ReceiveBuffer = 1 << 20;

    // Updates under way at a time; each holds a buffer for its answer.
    private const int MaxUpdates = 512;

    private readonly ConcurrentDictionary<Task, bool> _updates = new();
    private readonly ConcurrentBag<RequestWorkspace> _workspaces = [];
    private int _updateCount;

    private readonly Socket _socket;
    private readonly RequestHandler _handler;
    private readonly int _number;

    internal UdpListener(Socket boundSocket, int number, RequestHandler handler)
    {
        _socket = boundSocket;
        _socket.ReceiveBufferSize = ReceiveBuffer;
        _number = number;
        _handler = handler;
        EndPoint = (IPEndPoint)boundSocket.LocalEndPoint!; // bound by the caller
    }

    internal IPEndPoint EndPoint { get; }

    /// <summary>Its place among the datagram sockets.</summary>
    internal int Number => _number;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxRequest, pinned: true);
        var workspace = new RequestWorkspace();
        var any = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, cancellationToken).ConfigureAwait(false);
                    ReadOnlyMemory<byte> request = buffer.AsMemory(0, received.ReceivedBytes);
                    var client = (IPEndPoint)received.RemoteEndPoint;
                    if (IsUpdate(request.Span))
                        StartUpdate(request.ToArray(), client, cancellationToken);
                    else
                        await AnswerAsync(request, client, workspace, cancellationToken).ConfigureAwait(false);
                }
                catch (SocketException error)
                {
                    // A client's ICMP error (Windows) or a reply that cannot be routed concerns that client only.
                    ServerLog.Instance.SocketFailed(EndPoint.ToString(), error.Message);
                }
            }
        }
        finally
        {
            await Task.WhenAll(_updates.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends an event to a client. A client that cannot be reached will not acknowledge it; that is handled elsewhere.</summary>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, IPEndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendToAsync(message, SocketFlags.None, client, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            ServerLog.Instance.SocketFailed(EndPoint.ToString(), error.Message);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsUpdate(ReadOnlySpan<byte> message) =>
        DnsHeader.TryRead(message, out DnsHeader header) && !header.IsResponse && header.Opcode == DnsOpcode.Update;

    private async ValueTask AnswerAsync(ReadOnlyMemory<byte> request, IPEndPoint client, RequestWorkspace workspace, CancellationToken cancellationToken)
    {
        int length = await _handler.HandleAsync(request, new RequestOrigin(client, _number, DnsTransportKind.Udp), peer: null, workspace, cancellationToken).ConfigureAwait(false);
        if (length > 0)
            await _socket.SendToAsync(workspace.Response.AsMemory(0, length), SocketFlags.None, client, cancellationToken).ConfigureAwait(false);
    }

    private void StartUpdate(ReadOnlyMemory<byte> request, IPEndPoint client, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _updateCount) > MaxUpdates)
        {
            Interlocked.Decrement(ref _updateCount);
            _handler.CountDroppedUpdate();
            return;
        }

        Task task = Task.Run(() => UpdateAsync(request, client, cancellationToken), CancellationToken.None);
        _updates[task] = true;
        _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task UpdateAsync(ReadOnlyMemory<byte> request, IPEndPoint client, CancellationToken cancellationToken)
    {
        RequestWorkspace workspace = _workspaces.TryTake(out RequestWorkspace? free) ? free : new RequestWorkspace();
        try
        {
            await AnswerAsync(request, client, workspace, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            ServerLog.Instance.SocketFailed(EndPoint.ToString(), error.Message);
        }
        finally
        {
            _workspaces.Add(workspace);
            Interlocked.Decrement(ref _updateCount);
        }
    }

    private void Forget(Task update)
    {
        _updates.TryRemove(update, out _);
        if (update.Exception is { } error)
            ServerLog.Instance.RequestFailed(EndPoint.ToString(), error.ToString());
    }
}
