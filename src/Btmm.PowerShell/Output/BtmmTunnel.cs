using System.Net;
using Btmm.Core.Node;
using Btmm.Core.Tunnel.Sessions;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Output;

/// <summary>The tunnel to one peer, at one moment.</summary>
public sealed class BtmmTunnel
{
    private readonly NodePeerStatus _status;

    internal BtmmTunnel(NodePeerStatus status, BtmmTunnelJob job, BtmmGatewayVerdict? gateway)
    {
        _status = status;
        Job = job;
        GatewayVerdict = gateway;
    }

    /// <summary>The peer's label.</summary>
    public string Peer => _status.Peer.HostLabel;

    /// <summary>The peer's full name.</summary>
    public string FullName => _status.Peer.Name;

    /// <summary>The peer's identifier.</summary>
    public IPAddress Address => _status.Peer.Identifier;

    /// <summary>What the tunnel is doing.</summary>
    public TunnelState State => _status.Tunnel?.State ?? TunnelState.Idle;

    /// <summary>Whether packets really came from the peer lately.</summary>
    public bool IsHealthy => _status.IsHealthy;

    /// <summary>Since when it is in this state; null before the first attempt.</summary>
    public DateTimeOffset? Since => _status.Tunnel?.Since;

    /// <summary>Where the peer is reached.</summary>
    public IPEndPoint? Endpoint => _status.Tunnel?.Endpoint ?? _status.Peer.Endpoint;

    /// <summary>When the last authentic packet came from the peer.</summary>
    public DateTimeOffset? LastHeard => _status.Tunnel?.LastHeard;

    /// <summary>Payload bytes received.</summary>
    public long BytesIn => _status.Tunnel?.BytesIn ?? 0;

    /// <summary>Payload bytes sent.</summary>
    public long BytesOut => _status.Tunnel?.BytesOut ?? 0;

    /// <summary>Packets received.</summary>
    public long PacketsIn => _status.Tunnel?.PacketsIn ?? 0;

    /// <summary>Packets sent.</summary>
    public long PacketsOut => _status.Tunnel?.PacketsOut ?? 0;

    /// <summary>Why the last attempt or tunnel ended, if one did.</summary>
    public string? LastReason => _status.Tunnel?.LastReason?.ToString();

    /// <summary>
    /// Whether others can reach this host, and what stands in the way: of importance when the peer cannot be called either. Null until
    /// the node has looked.
    /// </summary>
    public BtmmGatewayVerdict? GatewayVerdict { get; }

    /// <summary>The job that keeps the tunnel.</summary>
    public string JobName => Job.Name;

    internal BtmmTunnelJob Job { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{FullName} {State}";
}
