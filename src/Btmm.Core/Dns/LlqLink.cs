using System.Net;

namespace Btmm.Core.Dns;

/// <summary>How an <see cref="LlqClient"/> and its server exchange messages. One sender and one receiver at a time.</summary>
internal abstract class LlqLink : IAsyncDisposable
{
    /// <summary>Sends a message to the server.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The network does not take it at present.</exception>
    internal abstract ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Waits for a message, which is empty when it cannot be used; null at the end of a connection.</summary>
    internal abstract ValueTask<(IPEndPoint From, byte[] Bytes)?> ReceiveAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
