using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// The node's one UDP socket, on the packet path: plain threads, blocking calls, whole batches.
/// One thread may receive while any number send. It is bound to the wildcard address, so that it outlives every change
/// of the host's addresses; what the network refuses is counted, never fatal.
/// </summary>
public interface IDatagramSocket : IDisposable
{
    /// <summary>The local port (host order).</summary>
    int LocalPort { get; }

    /// <summary>What happened so far. Thread-safe.</summary>
    DatagramSocketCounters Counters { get; }

    /// <summary>
    /// Waits for datagrams and appends them to <paramref name="batch"/>, which is empty and has room for senders; the
    /// sender of segment i is <c>batch.Remotes[batch[i].Remote]</c>. Returns the number of segments, 0 after
    /// <see cref="Interrupt"/>.
    /// </summary>
    int Receive(PacketBatch batch);

    /// <summary>
    /// Sends <paramref name="count"/> segments of the batch, from <paramref name="start"/>, to <paramref name="remote"/>.
    /// Returns how many the kernel took.
    /// </summary>
    int Send(PacketBatch batch, int start, int count, SocketAddress remote);

    /// <summary>Sends one datagram; false when the kernel did not take it.</summary>
    bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote);

    /// <summary>Makes a blocked <see cref="Receive"/> return 0, now and for ever.</summary>
    void Interrupt();
}
