using System.Net;
using Btmm.Core.Tunnel;

namespace Btmm.Core.Tests.Tunnel.Sessions;

/// <summary>A table that remembers what it was told and lets a test play the traffic.</summary>
internal sealed class FakeSaTable(TimeProvider time) : ISecurityAssociationTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, Entry> _entries = [];
    private readonly Dictionary<IPAddress, IPEndPoint> _endpoints = [];
    private readonly Dictionary<IPAddress, uint> _sending = [];
    private HashSet<IPAddress> _peers = [];

    public IReadOnlyCollection<IPAddress> Peers { get { lock (_gate) return [.. _peers]; } }

    public int Count { get { lock (_gate) return _entries.Count; } }

    public int Installs { get; private set; }

    public void SetPeers(IReadOnlyCollection<IPAddress> peers)
    {
        lock (_gate) _peers = [.. peers];
    }

    public void Install(ChildSaPair pair, IPEndPoint endpoint, bool activateOutbound = true)
    {
        lock (_gate)
        {
            Assert.Contains(pair.Inbound.KeyingMaterial.ToArray(), b => b != 0);
            _entries.Add(pair.Inbound.Spi, new Entry { Pair = pair, Key = pair.Inbound.KeyingMaterial.ToArray(), OutKey = pair.Outbound.KeyingMaterial.ToArray() });
            _endpoints[pair.Peer] = endpoint;
            if (activateOutbound) _sending[pair.Peer] = pair.Inbound.Spi;
            Installs++;
        }
    }

    public bool ActivateOutbound(uint inboundSpi)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(inboundSpi, out Entry? entry)) return false;
            _sending[entry.Pair.Peer] = inboundSpi;
            return true;
        }
    }

    public bool Remove(uint inboundSpi)
    {
        lock (_gate)
        {
            if (!_entries.Remove(inboundSpi, out Entry? entry)) return false;
            if (_sending.GetValueOrDefault(entry.Pair.Peer) != inboundSpi) return true;
            _sending.Remove(entry.Pair.Peer);
            if (_entries.Values.LastOrDefault(e => e.Pair.Peer.Equals(entry.Pair.Peer)) is { } next) _sending[entry.Pair.Peer] = next.Pair.Inbound.Spi;
            return true;
        }
    }

    public void SetEndpoint(IPAddress peer, IPEndPoint endpoint)
    {
        lock (_gate) _endpoints[peer] = endpoint;
    }

    public IPEndPoint? GetEndpoint(IPAddress peer)
    {
        lock (_gate) return _endpoints.GetValueOrDefault(peer);
    }

    public PeerTraffic? GetPeerTraffic(IPAddress peer)
    {
        lock (_gate)
        {
            Entry[] entries = _entries.Values.Where(e => e.Pair.Peer.Equals(peer)).ToArray();
            if (entries.Length == 0) return null;
            DateTimeOffset? lastIn = entries.Max(e => e.LastIn);
            return new PeerTraffic(
                entries.Sum(e => e.In), entries.Sum(e => e.BytesIn), entries.Sum(e => e.Out), 0,
                lastIn is { } at ? time.GetUtcNow() - at : null, null, 0, 0);
        }
    }

    public SaTraffic? GetSaTraffic(uint inboundSpi)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(inboundSpi, out Entry? e)) return null;
            bool sending = _sending.GetValueOrDefault(e.Pair.Peer) == inboundSpi;
            TimeSpan? since = e.LastIn is { } at ? time.GetUtcNow() - at : null;
            return new SaTraffic(inboundSpi, e.Pair.Outbound.Spi, sending, e.In, e.BytesIn, e.Out, 0, 0, 0, 0, since);
        }
    }

    /// <summary>Whether a packet to the peer would be opened by the other table's pair.</summary>
    public bool Reaches(IPAddress peer, FakeSaTable other)
    {
        lock (_gate)
        {
            if (!_sending.TryGetValue(peer, out uint spi) || !_entries.TryGetValue(spi, out Entry? mine)) return false;
            lock (other._gate)
                return other._entries.TryGetValue(mine.Pair.Outbound.Spi, out Entry? theirs) && theirs.Key.AsSpan().SequenceEqual(mine.OutKey);
        }
    }

    /// <summary>Counts packets as if they had been sent to or come from the peer.</summary>
    public void Play(IPAddress peer, int packetsOut = 0, int packetsIn = 0, long bytesIn = 0)
    {
        lock (_gate)
        {
            if (!_sending.TryGetValue(peer, out uint spi)) return;
            _entries[spi].Out += packetsOut;
            _entries[spi].In += packetsIn;
            _entries[spi].BytesIn += bytesIn;
            if (packetsIn > 0) _entries[spi].LastIn = time.GetUtcNow();
        }
    }

    private sealed class Entry
    {
        public required ChildSaPair Pair { get; init; }

        public required byte[] Key { get; init; }

        public required byte[] OutKey { get; init; }

        public long In { get; set; }

        public long Out { get; set; }

        public long BytesIn { get; set; }

        public DateTimeOffset? LastIn { get; set; }
    }
}
