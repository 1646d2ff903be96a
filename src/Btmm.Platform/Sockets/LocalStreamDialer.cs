using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>Opens connections to Unix domain sockets. Thread-safe, without state.</summary>
public sealed class LocalStreamDialer : ILocalStreamDialer
{
    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
