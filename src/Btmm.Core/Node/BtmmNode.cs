using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.Core.Tunnel.Sessions;

namespace Btmm.Core.Node;

/// <summary>
/// A running host of an account: keeps it reachable, its records published and its tunnels up, and undoes everything when it
/// stops. It wires the parts and owns their lifetimes; a part that fails is reported and leaves the others running. Thread-safe.
/// </summary>
public sealed partial class BtmmNode : IAsyncDisposable
{
    private readonly BtmmNodeOptions _options;
    private readonly NodePlatform _platform;
    private readonly NodeConnections _connections;
    private readonly NodeEventLog _log;
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private readonly CancellationTokenSource _shutdown = new();
    private readonly List<Task> _stages = [];
    private volatile NodeParts? _parts;
    private volatile ZoneServiceState? _zoneState;
    private WatchMode _watchMode;
    private bool _stopped;

    /// <summary>Makes a node that does nothing yet.</summary>
    /// <param name="options">What it is to be.</param>
    /// <param name="platform">The operating system.</param>
    public BtmmNode(BtmmNodeOptions options, NodePlatform platform)
        : this(options, platform, NodeNetwork.Connect(options, platform))
    {
    }

    internal BtmmNode(BtmmNodeOptions options, NodePlatform platform, NodeConnections connections)
    {
        _options = options;
        _platform = platform;
        _connections = connections;
        _log = new NodeEventLog(platform.Time);
    }

    /// <summary>
    /// What happens, in order; the oldest are dropped when nobody reads. Completed when the node has stopped. One reader.
    /// </summary>
    public ChannelReader<NodeEvent> Events => _log.Reader;

    /// <summary>Builds everything that is local and starts everything that is not; does not wait for the network.</summary>
    /// <exception cref="BtmmException">The node cannot run here: rights, driver, state directory, names. Nothing is left behind.</exception>
    /// <exception cref="InvalidOperationException">It was started or stopped before.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_stopped || _parts is not null) throw new InvalidOperationException("A node starts once.");
            NodeParts parts = await new NodeBuilder(_options, _platform, _connections, _log).BuildAsync(cancellationToken).ConfigureAwait(false);
            _parts = parts;
            StartParts(parts);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>
    /// Withdraws the records, ends long-lived queries, closes tunnels, releases the mapping and undoes every change to the
    /// system; the last even when the rest takes longer than <see cref="BtmmNodeOptions.StopTimeout"/>. Idempotent.
    /// </summary>
    public async Task StopAsync()
    {
        await _lifecycle.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_stopped) return;
            _stopped = true;
            if (_parts is { } parts) await StopPartsAsync(parts).ConfigureAwait(false);
            _log.Complete();
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>A snapshot.</summary>
    public NodeStatus GetStatus()
    {
        string name = $"{_options.HostLabel}.{_options.Account.Domain}";
        if (_parts is not { } parts) return new NodeStatus { Name = name, IsRunning = false };
        return new NodeStatus
        {
            Name = name,
            IsRunning = !_stopped,
            StartedAt = parts.StartedAt,
            Identifier = parts.Identifier,
            InterfaceName = parts.Tun.Name,
            Port = parts.Socket.LocalPort,
            Network = parts.Network.Current,
            Endpoint = parts.Endpoint.Current,
            Gateway = parts.Health?.Current,
            Publication = parts.Publisher.Current,
            ZoneService = _zoneState,
            Peers = PeerStatuses(parts),
        };
    }

    /// <summary>Asks for a tunnel to a peer, by name, host label or identifier.</summary>
    /// <exception cref="BtmmException">PeerNotFound.</exception>
    public void Connect(string peer)
    {
        BtmmPeer found = FindPeer(peer);
        _parts!.Sessions.RequestTunnel(found.Identifier);
    }

    /// <summary>Closes the tunnel to a peer, by name, host label or identifier; new traffic may bring it back.</summary>
    /// <exception cref="BtmmException">PeerNotFound.</exception>
    public void Disconnect(string peer)
    {
        BtmmPeer found = FindPeer(peer);
        _parts!.Sessions.CloseTunnel(found.Identifier);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _shutdown.Dispose();
        _lifecycle.Dispose();
    }

    private BtmmPeer FindPeer(string peer)
    {
        PeerTable? table = _parts?.Peers;
        BtmmPeer? found = table?.Find(peer);
        if (found is null && System.Net.IPAddress.TryParse(peer, out System.Net.IPAddress? identifier)) found = table?.Find(identifier);
        return found ?? throw new BtmmException(
            BtmmErrorReason.PeerNotFound, $"\"{peer}\" is not a known host of the account.", "Check the name; the host must have been online once.");
    }

    private List<NodePeerStatus> PeerStatuses(NodeParts parts)
    {
        var tunnels = _stopped ? [] : parts.Sessions.GetTunnels().ToDictionary(tunnel => tunnel.Peer);
        DateTimeOffset now = _platform.Time.GetUtcNow();
        var statuses = new List<NodePeerStatus>();
        foreach (BtmmPeer peer in parts.Peers.Current)
        {
            TunnelStatus? tunnel = tunnels.GetValueOrDefault(peer.Identifier);
            statuses.Add(new NodePeerStatus(peer, tunnel, now - tunnel?.LastHeard));
        }

        return statuses;
    }
}
