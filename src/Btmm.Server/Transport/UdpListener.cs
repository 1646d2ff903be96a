using System.Net;
using System.Net.Sockets;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>A UDP socket and the loop that answers what arrives on it. The owner awaits <see cref="RunAsync"/>.</summary>
internal sealed class UdpListener : IDisposable
{
    // A request never needs more; longer datagrams arrive cut off and fail to parse.
    private const int MaxRequest = 65_535;

    // Bursts of updates and acknowledgements must not be lost while one request is worked on.
    private const int ReceiveBuffer = 1 << 20;

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

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxRequest, pinned: true);
        var workspace = new RequestWorkspace();
        var any = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, cancellationToken).ConfigureAwait(false);
                var client = (IPEndPoint)received.RemoteEndPoint;
                int length = await _handler.HandleAsync(
                    buffer.AsMemory(0, received.ReceivedBytes), new RequestOrigin(client, _number, IsStream: false), workspace, cancellationToken).ConfigureAwait(false);
                if (length > 0)
                    await _socket.SendToAsync(workspace.Response.AsMemory(0, length), SocketFlags.None, client, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException error)
            {
                // A client's ICMP error (Windows) or a reply that cannot be routed concerns that client only.
                ServerLog.Instance.SocketFailed(EndPoint.ToString(), error.Message);
            }
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
}
