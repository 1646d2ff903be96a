using System.Net;

namespace Btmm.Core.Tunnel;

public sealed partial class PacketPath
{
    // Lock order: _tableGate, then a peer's gate, then an SA's.
    private readonly Lock _tableGate = new();
    private volatile PathTables _tables = PathTables.Empty;

    /// <inheritdoc/>
    public void SetPeers(IReadOnlyCollection<IPAddress> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        lock (_tableGate)
        {
            var next = new Dictionary<UInt128, PeerState>();
            foreach (IPAddress identifier in peers)
            {
                UInt128 key = InnerAddress.From(identifier);
                PeerState peer = _tables.Peers.GetValueOrDefault(key) ?? new PeerState(identifier);
                peer.IsListed = true;
                next[key] = peer;
            }
            foreach ((UInt128 key, PeerState peer) in _tables.Peers)
            {
                if (next.ContainsKey(key)) continue;
                peer.IsListed = false;
                if (peer.Pairs.Count > 0) next[key] = peer;
                else DropWaiting(peer);
            }
            _tables = _tables with { Peers = next };
        }
    }

    /// <inheritdoc/>
    public void Install(ChildSaPair pair, IPEndPoint endpoint, bool activateOutbound = true)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(endpoint);
        lock (_tableGate)
        {
            uint spi = pair.Inbound.Spi;
            if (spi == 0 || _tables.Inbound.ContainsKey(spi))
                throw new ArgumentException("The inbound SPI is 0 or already in use.", nameof(pair));
            ObjectDisposedException.ThrowIf(_stopping, this);
            UInt128 key = InnerAddress.From(pair.Peer);
            PeerState peer = _tables.Peers.GetValueOrDefault(key) ?? new PeerState(pair.Peer);
            var entry = new SaEntry(pair, peer, _ciphers);
            peer.Pairs.Add(entry);
            _tables = new PathTables(
                new Dictionary<UInt128, PeerState>(_tables.Peers) { [key] = peer },
                new Dictionary<uint, SaEntry>(_tables.Inbound) { [spi] = entry });
            lock (peer.Gate)
            {
                peer.Endpoint = endpoint.Serialize();
                if (activateOutbound) Activate(peer, entry);
            }
        }
    }

    /// <inheritdoc/>
    public bool ActivateOutbound(uint inboundSpi)
    {
        lock (_tableGate)
        {
            if (!_tables.Inbound.TryGetValue(inboundSpi, out SaEntry? entry)) return false;
            lock (entry.Peer.Gate) Activate(entry.Peer, entry);
            return true;
        }
    }

    /// <inheritdoc/>
    public bool Remove(uint inboundSpi)
    {
        lock (_tableGate)
        {
            if (!_tables.Inbound.TryGetValue(inboundSpi, out SaEntry? entry)) return false;
            PeerState peer = entry.Peer;
            peer.Pairs.Remove(entry);
            var inbound = new Dictionary<uint, SaEntry>(_tables.Inbound);
            inbound.Remove(inboundSpi);
            var peers = _tables.Peers;
            if (peer.Pairs.Count == 0 && !peer.IsListed)
            {
                peers = new Dictionary<UInt128, PeerState>(peers);
                peers.Remove(peer.Address);
            }
            _tables = new PathTables(peers, inbound);
            lock (peer.Gate)
            {
                if (ReferenceEquals(peer.Sending, entry)) peer.Sending = peer.Pairs.LastOrDefault();
            }
            entry.Dispose();
            return true;
        }
    }

    /// <inheritdoc/>
    public void SetEndpoint(IPAddress peer, IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (Find(peer) is not { } state) return;
        lock (state.Gate)
        {
            state.Endpoint = endpoint.Serialize();
            if (state.Sending is { } sending) SendWaiting(state, sending);
        }
    }

    /// <inheritdoc/>
    public IPEndPoint? GetEndpoint(IPAddress peer) =>
        Find(peer)?.Endpoint is { } address ? Endpoints.ToEndPoint(address) : null;

    /// <inheritdoc/>
    public PeerTraffic? GetPeerTraffic(IPAddress peer)
    {
        if (Find(peer) is not { } state) return null;
        lock (state.Gate)
        {
            return new PeerTraffic(
                Volatile.Read(ref state.PacketsIn),
                Volatile.Read(ref state.BytesIn),
                Volatile.Read(ref state.PacketsOut),
                Volatile.Read(ref state.BytesOut),
                Since(ref state.LastInbound),
                Since(ref state.LastOutbound),
                state.Waiting.Count,
                Volatile.Read(ref state.WaitingDropped));
        }
    }

    /// <inheritdoc/>
    public SaTraffic? GetSaTraffic(uint inboundSpi)
    {
        if (!_tables.Inbound.TryGetValue(inboundSpi, out SaEntry? entry)) return null;
        return new SaTraffic(
            inboundSpi,
            entry.Outbound.Spi,
            ReferenceEquals(entry.Peer.Sending, entry),
            Volatile.Read(ref entry.PacketsIn),
            Volatile.Read(ref entry.BytesIn),
            Volatile.Read(ref entry.PacketsOut),
            Volatile.Read(ref entry.BytesOut),
            Volatile.Read(ref entry.Replays),
            Volatile.Read(ref entry.AuthenticationFailures),
            Volatile.Read(ref entry.Rejected),
            Since(ref entry.LastInbound));
    }

    // Under the peer's gate. The waiting packets go first, so that they keep their order.
    private void Activate(PeerState peer, SaEntry entry)
    {
        SendWaiting(peer, entry);
        peer.Sending = entry;
    }

    private PeerState? Find(IPAddress peer) => _tables.Peers.GetValueOrDefault(InnerAddress.From(peer));

    private TimeSpan? Since(ref long timestamp)
    {
        long then = Volatile.Read(ref timestamp);
        return then == 0 ? null : _time.GetElapsedTime(then);
    }

    private void RemoveAll()
    {
        lock (_tableGate)
        {
            foreach (uint spi in _tables.Inbound.Keys.ToArray()) Remove(spi);
            foreach (PeerState peer in _tables.Peers.Values) DropWaiting(peer);
            _tables = PathTables.Empty;
        }
    }
}
