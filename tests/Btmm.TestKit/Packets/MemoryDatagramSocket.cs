using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.TestKit.Packets;

/// <summary>A packet-path socket in memory; see <see cref="MemoryDatagramNetwork"/>. Thread-safe.</summary>
public sealed class MemoryDatagramSocket : IDatagramSocket
{
    private readonly object _gate = new();
    private readonly MemoryDatagramNetwork _network;
    private readonly Queue<MemoryDatagram> _queue = new();
    private readonly List<MemoryDatagram> _sent = [];
    private bool _interrupted;
    private long _received;

    internal MemoryDatagramSocket(MemoryDatagramNetwork network, IPEndPoint local)
    {
        _network = network;
        Local = local;
    }

    /// <summary>Where the socket is.</summary>
    public IPEndPoint Local { get; private set; }

    /// <inheritdoc/>
    public int LocalPort => Local.Port;

    /// <inheritdoc/>
    public DatagramSocketCounters Counters
    {
        get { lock (_gate) return new DatagramSocketCounters(_received, _sent.Count, 0, 0, _sent.Count, _received); }
    }

    /// <summary>What was sent so far, in order, whether it arrived or not.</summary>
    public MemoryDatagram[] Sent()
    {
        lock (_gate) return [.. _sent];
    }

    /// <summary>The host moves: from now on the socket sends from, and receives at, another endpoint.</summary>
    public void MoveTo(IPEndPoint local)
    {
        _network.Move(this, Local, local);
        Local = local;
    }

    /// <inheritdoc/>
    public int Receive(PacketBatch batch)
    {
        lock (_gate)
        {
            while (!_interrupted && _queue.Count == 0) Monitor.Wait(_gate);
            if (_interrupted) return 0;
            int remote = 0;
            while (remote < batch.Remotes.Length && _queue.TryPeek(out MemoryDatagram? datagram)
                && batch.TryAppend(datagram.Data, remote))
            {
                _queue.Dequeue();
                _received++;
                SocketAddress from = datagram.From.Serialize();
                batch.Remotes[remote].Size = from.Size;
                from.Buffer.Span[..from.Size].CopyTo(batch.Remotes[remote].Buffer.Span);
                remote++;
            }
            return batch.Count;
        }
    }

    /// <inheritdoc/>
    public int Send(PacketBatch batch, int start, int count, SocketAddress remote)
    {
        for (int i = start; i < start + count; i++) Send(batch.Span(i), remote);
        return count;
    }

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote)
    {
        var to = (IPEndPoint)new IPEndPoint(
            remote.Family == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(remote);
        var sent = new MemoryDatagram(Local, to, datagram.ToArray());
        lock (_gate) _sent.Add(sent);
        _network.Carry(sent);
        return true;
    }

    /// <inheritdoc/>
    public void Interrupt()
    {
        lock (_gate)
        {
            _interrupted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Interrupt();

    internal void Enqueue(MemoryDatagram datagram)
    {
        lock (_gate)
        {
            _queue.Enqueue(datagram);
            Monitor.PulseAll(_gate);
        }
    }
}
