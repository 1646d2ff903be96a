using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Packets;

namespace Btmm.Core.Tunnel;

public sealed partial class PacketPath
{
    private readonly PacketBatch _outboundBatch;

    /// <summary>One turn of the outbound pump; 0 when the device was interrupted.</summary>
    internal int OutboundStep()
    {
        PacketBatch batch = _outboundBatch;
        batch.Clear();
        int count = _tun.Read(batch);
        if (count == 0) return 0;
        PathTables tables = _tables;
        PeerState? peer = null;
        int start = 0;
        for (int i = 0; i < count; i++)
        {
            PeerState? next = Admit(tables, peer, batch, i);
            if (ReferenceEquals(next, peer)) continue;
            if (peer is not null) SendRun(peer, batch, start, i - start);
            peer = next;
            start = i;
        }
        if (peer is not null) SendRun(peer, batch, start, count - start);
        return count;
    }

    // The peer to which the packet may go, or null when it is dropped.
    private PeerState? Admit(PathTables tables, PeerState? previous, PacketBatch batch, int index)
    {
        Span<byte> packet = batch.Span(index);
        if (!Ipv6.TryGetLength(packet, out int length) || length != packet.Length)
        {
            _counters.DroppedNotIpv6++;
            return null;
        }
        UInt128 destination = Ipv6.Destination(packet);
        PeerState? peer = previous;
        if ((peer is null || peer.Address != destination) && !tables.Peers.TryGetValue(destination, out peer))
        {
            _counters.DroppedNoPeer++;
            _icmp.Unreachable(Icmpv6Error.NoRoute, packet);
            return null;
        }
        if (peer.Sending is { } sending && sending.Local != Ipv6.Source(packet))
        {
            _counters.DroppedNoPeer++;
            return null;
        }
        if (length > _tun.Mtu)
        {
            _counters.DroppedTooBig++;
            _icmp.TooBig(_tun.Mtu, packet);
            return null;
        }
        Tcp.ClampMss(packet, _tun.Mtu);
        return peer;
    }

    private void SendRun(PeerState peer, PacketBatch batch, int start, int count)
    {
        while (true)
        {
            // The endpoint is read after the SA: an SA is never set before its endpoint.
            SaEntry? entry = peer.Sending;
            SocketAddress? endpoint = peer.Endpoint;
            if (entry is null || endpoint is null)
            {
                if (TryWait(peer, batch, start, count)) return;
                continue;
            }
            int sealedCount = SealRun(entry, batch, start, count);
            if (sealedCount < 0) continue;
            Hand(peer, batch, start, sealedCount, endpoint);
            return;
        }
    }

    // How many packets of the run are sealed; -1 when the SA has been removed meanwhile and nothing was done.
    private int SealRun(SaEntry entry, PacketBatch batch, int start, int count)
    {
        lock (entry.OutboundGate)
        {
            if (entry.IsRemoved) return -1;
            long bytes = 0;
            int done = 0;
            for (; done < count; done++)
            {
                ref PacketSegment segment = ref batch[start + done];
                int length = segment.Length;
                EspSealStatus status = entry.Outbound.TrySeal(batch.Buffer, ref segment.Offset, ref segment.Length);
                if (status != EspSealStatus.Sealed) break;
                bytes += length;
            }
            entry.PacketsOut += done;
            entry.BytesOut += bytes;
            // Another SA of the same peer may be sealing at the same time.
            Interlocked.Add(ref entry.Peer.PacketsOut, done);
            Interlocked.Add(ref entry.Peer.BytesOut, bytes);
            if (done < count) Interlocked.Add(ref _counters.DroppedNotSealed, count - done);
            return done;
        }
    }

    private void Hand(PeerState peer, PacketBatch batch, int start, int count, SocketAddress endpoint)
    {
        if (count == 0) return;
        int sent = _socket.Send(batch, start, count, endpoint);
        Volatile.Write(ref peer.LastOutbound, _time.GetTimestamp());
        Interlocked.Add(ref _counters.PacketsOut, sent);
        if (sent < count) Interlocked.Add(ref _counters.SendFailures, count - sent);
    }
}
