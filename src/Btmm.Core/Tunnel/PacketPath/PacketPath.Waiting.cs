using Btmm.Core.Contracts;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Packets;

namespace Btmm.Core.Tunnel;

// What happens beside the stream of packets: waiting for a tunnel, and what is done every second.
public sealed partial class PacketPath
{
    private static readonly TimeSpan s_wantedInterval = TimeSpan.FromSeconds(1);
    private static readonly byte[] s_keepalive = [EspConstants.NatKeepalive];
    private int _ticking;

    // Copies a run to the peer's queue. False when a tunnel came up meanwhile: the run can be sent after all.
    private bool TryWait(PeerState peer, PacketBatch batch, int start, int count)
    {
        long now = _time.GetTimestamp();
        bool wanted;
        lock (peer.Gate)
        {
            if (peer.Sending is not null && peer.Endpoint is not null) return false;
            for (int i = start; i < start + count; i++)
            {
                if (peer.Waiting.Count < _options.WaitingPackets)
                    peer.Waiting.Enqueue(new WaitingPacket(batch.Span(i).ToArray(), now));
                else
                    peer.WaitingDropped++;
            }
            wanted = peer.LastWanted == 0 || _time.GetElapsedTime(peer.LastWanted, now) >= s_wantedInterval;
            if (wanted) peer.LastWanted = now;
        }
        if (wanted) Publish(new PacketPathEvent.TunnelWanted(peer.Identifier));
        return true;
    }

    // Under the peer's gate.
    private void SendWaiting(PeerState peer, SaEntry entry)
    {
        if (peer.Waiting.Count == 0 || peer.Endpoint is not { } endpoint) return;
        int bytes = peer.Waiting.Sum(static waiting => waiting.Packet.Length + 256);
        var batch = new PacketBatch(bytes, peer.Waiting.Count);
        while (peer.Waiting.TryDequeue(out WaitingPacket waiting))
        {
            // It could wait before the tunnel's own address was known; now it is.
            if (Ipv6.Source(waiting.Packet) == entry.Local) batch.TryAppend(waiting.Packet);
            else peer.WaitingDropped++;
        }
        int sealedCount = SealRun(entry, batch, 0, batch.Count);
        if (sealedCount > 0) Hand(peer, batch, 0, sealedCount, endpoint);
    }

    private static void DropWaiting(PeerState peer)
    {
        lock (peer.Gate)
        {
            peer.WaitingDropped += peer.Waiting.Count;
            peer.Waiting.Clear();
        }
    }

    /// <summary>What is done every second: waiting packets expire, keepalives go out, used-up SAs are reported.</summary>
    internal void Tick()
    {
        if (Interlocked.Exchange(ref _ticking, 1) != 0) return;
        try
        {
            PathTables tables = _tables;
            foreach (PeerState peer in tables.Peers.Values)
            {
                ExpireWaiting(peer);
                if (_options.SendKeepalives) KeepAlive(peer);
            }
            foreach (SaEntry entry in tables.Inbound.Values)
            {
                if (entry.Outbound.Sequence >= _options.RekeyAfterPackets && ReferenceEquals(entry.Peer.Sending, entry))
                    Publish(new PacketPathEvent.SequenceNearlyExhausted(entry.Peer.Identifier, entry.InboundSpi));
            }
        }
        finally
        {
            Volatile.Write(ref _ticking, 0);
        }
    }

    private void ExpireWaiting(PeerState peer)
    {
        while (true)
        {
            WaitingPacket waiting;
            lock (peer.Gate)
            {
                if (!peer.Waiting.TryPeek(out waiting) || _time.GetElapsedTime(waiting.Since) < _options.WaitingTime) return;
                peer.Waiting.Dequeue();
                peer.WaitingDropped++;
            }
            _icmp.Unreachable(Icmpv6Error.AddressUnreachable, waiting.Packet);
        }
    }

    private void KeepAlive(PeerState peer)
    {
        if (peer.Sending is null || peer.Endpoint is not { } endpoint) return;
        long now = _time.GetTimestamp();
        long last = Math.Max(Volatile.Read(ref peer.LastOutbound), peer.LastKeepalive);
        if (last != 0 && _time.GetElapsedTime(last, now) < _options.KeepaliveInterval) return;
        peer.LastKeepalive = now;
        if (_socket.Send(s_keepalive, endpoint)) Interlocked.Increment(ref _counters.KeepalivesOut);
        else Interlocked.Increment(ref _counters.SendFailures);
    }
}
