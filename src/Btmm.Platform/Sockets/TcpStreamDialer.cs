using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>Opens TCP connections of the operating system, without Nagle's delay. Thread-safe, without state.</summary>
public sealed class TcpStreamDialer : IStreamDialer
{
    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remote);
        Socket socket = new(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
