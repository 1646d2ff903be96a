using System.Buffers.Binary;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Packets;

namespace Btmm.Core.Tunnel;

public sealed partial class PacketPath
{
    private const int MaxRemotes = 64;
    private const int MinIkeMessage = 28;
    private static readonly TimeSpan s_moveReportInterval = TimeSpan.FromSeconds(1);
    private readonly PacketBatch _inboundBatch;

    /// <summary>One turn of the inbound pump; 0 when the socket was interrupted.</summary>
    internal int InboundStep()
    {
        PacketBatch batch = _inboundBatch;
        batch.Clear();
        int count = _socket.Receive(batch);
        if (count == 0) return 0;
        PathTables tables = _tables;
        long now = _time.GetTimestamp();
        SaEntry? entry = null;
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> datagram = batch.Span(i);
            if (datagram.Length < EspConstants.NonEspMarkerLength)
            {
                if (datagram.Length == 1 && datagram[0] == EspConstants.NatKeepalive) _counters.KeepalivesIn++;
                else _counters.DroppedMalformed++;
                continue;
            }
            uint spi = BinaryPrimitives.ReadUInt32BigEndian(datagram);
            if (spi == 0)
            {
                HandToIke(datagram[EspConstants.NonEspMarkerLength..], batch.Remotes[batch[i].Remote]);
                continue;
            }
            if ((entry is null || entry.InboundSpi != spi) && !tables.Inbound.TryGetValue(spi, out entry))
            {
                _counters.DroppedUnknownSpi++;
                continue;
            }
            if (TryOpen(entry, batch, i, now)) batch[kept++] = batch[i];
        }
        Deliver(batch, kept);
        return count;
    }

    private void Deliver(PacketBatch batch, int kept)
    {
        batch.Truncate(kept);
        if (kept == 0) return;
        int written = _tun.Write(batch);
        _counters.PacketsIn += kept;
        _counters.TunWriteFailures += kept - written;
    }

    private bool TryOpen(SaEntry entry, PacketBatch batch, int index, long now)
    {
        ref PacketSegment segment = ref batch[index];
        Span<byte> packet = batch.Span(index);
        EspOpenStatus status;
        EspOpened opened;
        lock (entry.InboundGate)
        {
            if (entry.IsRemoved)
            {
                _counters.DroppedUnknownSpi++;
                return false;
            }
            status = entry.Inbound.TryOpen(packet, out opened);
        }
        if (status is EspOpenStatus.Opened or EspOpenStatus.Dummy)
            NoteAuthentic(entry, opened.IsNewest, batch.Remotes[segment.Remote], now);
        if (status != EspOpenStatus.Opened)
        {
            CountRefused(entry, status);
            return false;
        }
        Span<byte> inner = packet.Slice(opened.Offset, opened.Length);
        // Whatever follows the inner packet is traffic flow padding (RFC 4303 §2.7).
        if (opened.NextHeader != EspConstants.NextHeaderIpv6 || !Ipv6.TryGetLength(inner, out int length)
            || Ipv6.Source(inner) != entry.Peer.Address || Ipv6.Destination(inner) != entry.Local)
        {
            entry.Rejected++;
            _counters.DroppedInner++;
            return false;
        }
        Tcp.ClampMss(inner[..length], _tun.Mtu);
        segment.Offset += opened.Offset;
        segment.Length = length;
        entry.PacketsIn++;
        entry.BytesIn += length;
        entry.Peer.PacketsIn++;
        entry.Peer.BytesIn += length;
        return true;
    }

    private void NoteAuthentic(SaEntry entry, bool isNewest, SocketAddress from, long now)
    {
        PeerState peer = entry.Peer;
        if (entry.LastInbound == 0) Publish(new PacketPathEvent.FirstPacket(peer.Identifier, entry.InboundSpi));
        Volatile.Write(ref entry.LastInbound, now);
        Volatile.Write(ref peer.LastInbound, now);
        if (!isNewest || peer.Endpoint is not { } endpoint || Endpoints.AreSame(endpoint, from)) return;
        if (peer.ReportedMove is { } reported && Endpoints.AreSame(reported, from)
            && _time.GetElapsedTime(peer.ReportedAt, now) < s_moveReportInterval)
        {
            return;
        }
        IPEndPoint moved = Endpoints.ToEndPoint(from);
        peer.ReportedMove = moved.Serialize();
        peer.ReportedAt = now;
        Publish(new PacketPathEvent.PeerMoved(peer.Identifier, moved));
    }

    private void CountRefused(SaEntry entry, EspOpenStatus status)
    {
        switch (status)
        {
            case EspOpenStatus.Dummy:
                _counters.Dummies++;
                break;
            case EspOpenStatus.Replayed or EspOpenStatus.TooOld:
                entry.Replays++;
                _counters.DroppedReplay++;
                break;
            case EspOpenStatus.NotAuthentic:
                entry.AuthenticationFailures++;
                _counters.DroppedNotAuthentic++;
                break;
            default:
                entry.Rejected++;
                _counters.DroppedMalformed++;
                break;
        }
    }

    private void HandToIke(ReadOnlySpan<byte> message, SocketAddress from)
    {
        if (message.Length < MinIkeMessage)
        {
            _counters.DroppedMalformed++;
            return;
        }
        // Room is looked for first, so that a flood costs no copies.
        if (message.Length > _options.MaxIkeMessage || _ike.Reader.Count >= _options.IkeQueueLength
            || !_ike.Writer.TryWrite(new IkeDatagram(Endpoints.ToEndPoint(from), message.ToArray())))
        {
            _counters.IkeDropped++;
            return;
        }
        _counters.IkeIn++;
    }
}
