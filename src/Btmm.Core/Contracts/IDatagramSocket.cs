using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// The node's one UDP socket, on the packet path: plain threads, blocking calls, whole batches.
/// One thread may receive while any number send.
/// </summary>
public interface IDatagramSocket : IDisposable
{
    /// <summary>The local port (host order).</summary>
    int LocalPort { get; }

    /// <summary>
    /// Waits for datagrams and appends them to <paramref name="batch"/>; the sender of segment i is
    /// <c>remotes[batch[i].Remote]</c>. Returns the number of segments, 0 after <see cref="Interrupt"/>.
    /// </summary>
    int Receive(PacketBatch batch, SocketAddress[] remotes);

    /// <summary>Sends every segment of the batch to <paramref name="remote"/>. Returns how many the kernel took.</summary>
    int Send(PacketBatch batch, SocketAddress remote);

    /// <summary>Sends one datagram; false when the kernel did not take it.</summary>
    bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote);

    /// <summary>Makes a blocked <see cref="Receive"/> return 0, now and for ever.</summary>
    void Interrupt();
}
