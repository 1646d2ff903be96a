using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>A snapshot of the tunnel to one peer. Immutable.</summary>
public sealed record TunnelStatus
{
    /// <summary>The peer's identifier.</summary>
    public required IPAddress Peer { get; init; }

    /// <summary>The peer's host name.</summary>
    public required string Name { get; init; }

    /// <summary>The state.</summary>
    public required TunnelState State { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Where the peer is reached, or the endpoint of its records while there is no tunnel.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>The IKE SA, when there is one.</summary>
    public IkeSaInfo? IkeSa { get; init; }

    /// <summary>When the last authentic packet came from the peer.</summary>
    public DateTimeOffset? LastHeard { get; init; }

    /// <summary>Why the last attempt or tunnel ended.</summary>
    public IkeCloseReason? LastReason { get; init; }

    /// <summary>Payload bytes received in the tunnel, over all SAs.</summary>
    public long BytesIn { get; init; }

    /// <summary>Payload bytes sent in the tunnel, over all SAs.</summary>
    public long BytesOut { get; init; }

    /// <summary>Packets received in the tunnel, over all SAs.</summary>
    public long PacketsIn { get; init; }

    /// <summary>Packets sent in the tunnel, over all SAs.</summary>
    public long PacketsOut { get; init; }
}
