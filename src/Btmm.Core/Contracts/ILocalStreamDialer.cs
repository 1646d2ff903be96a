namespace Btmm.Core.Contracts;

/// <summary>Opens connections to local sockets (Unix domain). Thread-safe.</summary>
public interface ILocalStreamDialer
{
    /// <summary>Connects to the socket at a path; the caller disposes the stream.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The connection failed.</exception>
    ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken);
}
