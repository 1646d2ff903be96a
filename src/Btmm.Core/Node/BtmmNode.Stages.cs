using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Peers;
using Btmm.Core.Tunnel.Sessions;

namespace Btmm.Core.Node;

// The stages: each reads one channel and hands on what it says. A stage that fails reports it and goes on with the next item.
public sealed partial class BtmmNode
{
    private readonly Lock _peersGate = new();
    private readonly HashSet<IPAddress> _routes = [];
    private readonly Channel<bool> _gatewaysMet = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private void StartParts(NodeParts parts)
    {
        string name = parts.Records.Names.HostName.ToString();
        _log.Add(
            NodeEventKind.Started,
            $"{name} is {parts.Identifier} on {parts.Tun.Name}, UDP port {parts.Socket.LocalPort}.",
            e => e with { Identifier = parts.Identifier });
        parts.Path.Start();
        parts.Sessions.Start();
        Guard(() => ApplyPeers(parts));
        if (parts.Network.Current.Route is { } route) Guard(() => ConnectRemembered(parts, route));
        AddStage(parts.Network.Changes, state => OnNetwork(parts, state));
        AddStage(parts.Endpoint.Changes, endpoint => OnEndpoint(parts, endpoint));
        AddStage(parts.Endpoint.GatewayRestarts, _ => OnGatewayRestart(parts));
        if (parts.Health is { } health)
        {
            AddStage(health.Verdicts, OnVerdict);
            AddStage(health.Faults, Report);
        }

        AddStage(parts.Publisher.States, OnPublication);
        AddStage(parts.RecordWatcher.States, state => OnZoneService(parts, state));
        AddStage(parts.PeerWatcher.Changes, change => OnPeer(parts, change));
        AddStage(parts.PeerWatcher.OwnRecordsLost, _ => parts.Publisher.RecordsLost());
        AddStage(parts.Sessions.Events, happened => OnTunnel(parts, happened));
        _stages.Add(ReleaseFormerAsync(parts));
        parts.Network.Start();
        parts.Health?.Start();
        parts.Publisher.Start();
        parts.PeerWatcher.Start();
        parts.Endpoint.Start();
    }

    private void AddStage<T>(ChannelReader<T> source, Action<T> handle) => _stages.Add(RunStageAsync(source, handle));

    private async Task RunStageAsync<T>(ChannelReader<T> source, Action<T> handle)
    {
        try
        {
            await foreach (T item in source.ReadAllAsync(_shutdown.Token).ConfigureAwait(false)) Guard(() => handle(item));
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Runs a step; what goes wrong becomes an event.</summary>
    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (BtmmException e)
        {
            _log.AddProblem(e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.AddProblem(new BtmmException(
                BtmmErrorReason.InternalError,
                $"A part of the node failed: {e.GetType().Name}: {e.Message}",
                "The node goes on; report this if it happens again.",
                e));
        }
    }

    private void OnNetwork(NodeParts parts, NetworkState state)
    {
        string message = state switch
        {
            { Route: null } => "There is no way to the internet.",
            { Resumed: true } => $"The machine slept; gateway {state.Route.Gateway} through {state.Route.InterfaceName}.",
            _ => $"Gateway {state.Route.Gateway} through {state.Route.InterfaceName}, own address {state.Route.LocalAddress}.",
        };
        _log.Add(NodeEventKind.NetworkChanged, message);
        parts.Refusals.NetworkChanged();
        parts.Health?.NetworkChanged();
        parts.Endpoint.NotifyNetworkChanged();
        if (state.Route is null) return;
        _gatewaysMet.Writer.TryWrite(true);
        ConnectRemembered(parts, state.Route);
        parts.Publisher.NetworkChanged();
        parts.PeerWatcher.NetworkChanged();
    }

    private void OnEndpoint(NodeParts parts, EndpointState state)
    {
        if (state.Phase == EndpointPhase.Searching) return;
        parts.Health?.EndpointChanged();
        if (state.Endpoint is { } at)
        {
            string how = state.Candidates[0].Kind switch
            {
                EndpointCandidateKind.Mapped => $"a mapping on gateway {state.Gateway}",
                EndpointCandidateKind.Stated => "a forwarding that its user stated",
                _ => "its own public address",
            };
            _log.Add(NodeEventKind.MappingReady, $"Reachable at {at} by {how}.", e => e with { Endpoint = at });
        }
        else
        {
            BtmmErrorReason reason = state.Reason ?? BtmmErrorReason.Unreachable;
            _log.Add(NodeEventKind.MappingLost, state.Message, e => e with { Reason = reason, Remedy = state.Remedy });
        }

        // Without any network nothing can be said to the zone; the next network has an endpoint of its own.
        if (state.Reason != BtmmErrorReason.NoGateway) parts.Publisher.SetEndpoint(state.Endpoint);
        if (parts.Network.Current.Route is { } route) TellSessions(parts, route);
    }

    private void OnVerdict(GatewayVerdict verdict)
    {
        bool isStated = _parts?.Endpoint.Current.Candidates.Any(candidate => candidate.Kind == EndpointCandidateKind.Stated) == true;
        string? remedy = verdict.Remedy.Length > 0 && !isStated ? verdict.Remedy : null; // The user has seen to it.
        _log.Add(NodeEventKind.GatewayExamined, $"{verdict.Kind}: {verdict.Summary}", e => e with { Verdict = verdict, Remedy = remedy });
    }

    /// <summary>Peers' packets reach us again once ours have made a way through the gateway.</summary>
    private void OnGatewayRestart(NodeParts parts)
    {
        _log.Add(NodeEventKind.NetworkChanged, "The gateway restarted and lost its mappings and flows.");
        if (parts.Network.Current.Route is { } route) TellSessions(parts, route);
        parts.PeerWatcher.NetworkChanged();
    }

    private void OnPublication(PublicationState state)
    {
        switch (state.Kind)
        {
            case PublicationKind.Published:
                NodeEventKind kind = state.IsRenewal ? NodeEventKind.Renewed : NodeEventKind.Published;
                string where = state.Endpoint is { } at ? $"at {at}" : "without an endpoint";
                _log.Add(kind, $"The zone holds this host {where} until {state.LeaseUntil:HH:mm:ss} UTC.", e => e with { Endpoint = state.Endpoint });
                break;
            case PublicationKind.Failed when state.Error is { } error:
                _log.AddProblem(error);
                break;
            case PublicationKind.Withdrawn:
                _log.Add(NodeEventKind.Withdrawn, "This host's records are removed.");
                break;
            default:
                break;
        }
    }

    private void OnZoneService(NodeParts parts, ZoneServiceState state)
    {
        ZoneServiceState? before = _zoneState;
        _zoneState = state;
        bool isBack = state.IsReachable && before is not { IsReachable: true };
        bool isOtherWay = state.IsReachable && state.Mode != _watchMode;
        if (isBack) _log.Add(NodeEventKind.ZoneReachable, "The zone service answers.");
        if (isOtherWay)
        {
            _watchMode = state.Mode;
            _log.Add(NodeEventKind.ZoneWatched, $"Changes of the zone are learnt of by {Describe(state.Mode)}.");
        }

        if (!state.IsReachable && state.Error is { } error && before is not { IsReachable: false })
            _log.AddProblem(error, NodeEventKind.ZoneUnreachable);
        if (isBack && before is not null) parts.Publisher.TryNow();
        if (isBack) parts.Health?.ZoneServiceReached();
    }

    private static string Describe(WatchMode mode) => mode switch
    {
        WatchMode.Push => "DNS Push Notifications",
        WatchMode.LongLivedQueriesOverTls => "long-lived queries over TLS",
        WatchMode.LongLivedQueries => "long-lived queries",
        _ => "polling",
    };

    private void OnPeer(NodeParts parts, PeerChange change)
    {
        BtmmPeer peer = change.Peer;
        string where = peer.Endpoint is { } at ? $"at {at}" : "without an endpoint";
        (NodeEventKind kind, string message) = change.Kind switch
        {
            PeerChangeKind.Added => (NodeEventKind.PeerSeen, $"{peer.Name} is {peer.Identifier} {where}."),
            PeerChangeKind.Changed => (NodeEventKind.PeerChanged, $"{peer.Name} is now {peer.Identifier} {where}."),
            _ => (NodeEventKind.PeerGone, $"{peer.Name} is gone."),
        };
        _log.Add(kind, message, e => e with { Peer = peer.Name, Identifier = peer.Identifier, Endpoint = peer.Endpoint });
        Guard(() => ApplyPeers(parts));
        bool reachable = change.Kind != PeerChangeKind.Removed && peer.Endpoint is not null;
        if (reachable && _options.ConnectAtOnce) parts.Sessions.RequestTunnel(peer.Identifier);
        parts.Cache.Save(parts.Peers.Current);
    }

    /// <summary>Makes sessions, routes and names agree with the peer table; the names last, when all is ready for their use.</summary>
    private void ApplyPeers(NodeParts parts)
    {
        lock (_peersGate)
        {
            parts.Sessions.UpdatePeers([.. parts.Peers.Current.Select(ToTunnelPeer)]);
            Dictionary<IPAddress, string> reachable = Reachable(parts);
            foreach (IPAddress gone in _routes.Except(reachable.Keys).ToArray())
            {
                _routes.Remove(gone);
                Guard(() => parts.System.RemoveRoute(parts.Tun.Name, gone));
            }

            foreach (IPAddress peer in reachable.Keys.Except(_routes).ToArray())
            {
                Guard(() =>
                {
                    parts.System.AddRoute(parts.Tun.Name, peer);
                    _routes.Add(peer);
                });
            }

            if (!_options.WriteHosts) return;
            List<HostsEntry> entries = [new HostsEntry(parts.Identifier, parts.Records.Names.HostName.ToLower().ToString())];
            entries.AddRange(reachable.OrderBy(peer => peer.Value, StringComparer.Ordinal).Select(peer => new HostsEntry(peer.Key, peer.Value)));
            parts.System.WriteHosts(_options.Account.Domain.ToString(), entries);
        }
    }

    /// <summary>Peers by their records, and hosts of the account that built a tunnel before their records reached us.</summary>
    private static Dictionary<IPAddress, string> Reachable(NodeParts parts)
    {
        var reachable = parts.Peers.Current.ToDictionary(peer => peer.Identifier, peer => peer.Name);
        foreach (TunnelStatus tunnel in parts.Sessions.GetTunnels())
        {
            bool isUp = tunnel.State is TunnelState.Up or TunnelState.Unresponsive;
            if (isUp && !reachable.ContainsValue(tunnel.Name)) reachable.TryAdd(tunnel.Peer, tunnel.Name);
        }

        return reachable;
    }

    private static TunnelPeer ToTunnelPeer(BtmmPeer peer) =>
        new() { Identifier = peer.Identifier, Name = peer.Name, Endpoint = peer.Endpoint };

    private void OnTunnel(NodeParts parts, TunnelEvent happened)
    {
        // Silence may mean that the gateway forgot the mapping.
        if (happened is { Kind: TunnelEventKind.StateChanged, State: TunnelState.Unresponsive }) parts.Endpoint.CheckNow();
        (NodeEventKind kind, string message) = happened.Kind switch
        {
            TunnelEventKind.EndpointChanged => (NodeEventKind.TunnelMoved, $"{happened.Name} is reached at {happened.Endpoint}."),
            TunnelEventKind.ChildRekeyed => (NodeEventKind.TunnelRekeyed, $"New ESP keys with {happened.Name}."),
            TunnelEventKind.IkeRekeyed => (NodeEventKind.TunnelRekeyed, $"New IKE keys with {happened.Name}."),
            _ => DescribeState(happened),
        };
        _log.Add(kind, message, e => e with { Peer = happened.Name, Identifier = happened.Peer, Endpoint = happened.Endpoint });
        if (happened.Kind == TunnelEventKind.StateChanged && parts.Peers.Find(happened.Peer) is null) ApplyPeers(parts);
    }

    private static (NodeEventKind Kind, string Message) DescribeState(TunnelEvent happened)
    {
        string because = happened.Reason is { } reason ? $" ({reason})" : "";
        return happened.State switch
        {
            TunnelState.Up => (NodeEventKind.TunnelUp, $"The tunnel to {happened.Name} at {happened.Endpoint} is up."),
            TunnelState.Connecting => (NodeEventKind.TunnelConnecting, $"Agreeing keys with {happened.Name} at {happened.Endpoint}."),
            TunnelState.WaitingForEndpoint => (NodeEventKind.TunnelConnecting, $"Waiting to learn where {happened.Name} is."),
            TunnelState.Unresponsive => (NodeEventKind.TunnelUnresponsive, $"{happened.Name} does not answer at {happened.Endpoint}."),
            TunnelState.Failed => (NodeEventKind.TunnelDown, $"No tunnel to {happened.Name}{because}; trying again."),
            _ => (NodeEventKind.TunnelDown, $"The tunnel to {happened.Name} is closed{because}."),
        };
    }

    /// <summary>
    /// Tells the sessions of the network, and wants tunnels to the peers that are known from the last run only: while the zone service
    /// is down nothing else would, until the peers miss this host. What the zone says of them later takes the place of what is tried here.
    /// </summary>
    private void ConnectRemembered(NodeParts parts, GatewayRoute route)
    {
        TellSessions(parts, route);
        if (!_options.ConnectAtOnce) return;
        foreach (BtmmPeer peer in parts.Peers.Current.Where(peer => peer is { FromCache: true, Endpoint: not null }))
            parts.Sessions.RequestTunnel(peer.Identifier);
    }

    private static void TellSessions(NodeParts parts, GatewayRoute route) =>
        parts.Sessions.NotifyNetworkChanged(new IPEndPoint(route.LocalAddress, parts.Socket.LocalPort));

    /// <summary>At the start and on every network, releases what former runs left on its gateways.</summary>
    private async Task ReleaseFormerAsync(NodeParts parts)
    {
        try
        {
            do
            {
                await parts.Former.ReleaseAsync(
                    PortMappingProtocol.Udp,
                    parts.Socket.LocalPort,
                    mapping => _log.Add(NodeEventKind.Recovered, $"A former run left behind: {Describe(mapping)}; released it."),
                    failure => _log.AddProblem(failure),
                    _shutdown.Token).ConfigureAwait(false);
            }
            while (await _gatewaysMet.Reader.ReadAsync(_shutdown.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            // The node stops; what is left is released at the next start.
        }
        catch (BtmmException e)
        {
            _log.AddProblem(e); // The memory cannot be read.
        }
    }

    private static string Describe(PortMapping mapping) =>
        $"mapping of {mapping.Protocol} port {mapping.InternalPort} on gateway {mapping.Gateway}";
}
