using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>Opens TCP connections. Thread-safe.</summary>
public interface IStreamDialer
{
    /// <summary>Connects to a remote endpoint; the caller disposes the stream.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The connection failed.</exception>
    ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken);
}
