using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>One change in the life of a tunnel. Immutable.</summary>
public sealed record TunnelEvent
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What.</summary>
    public required TunnelEventKind Kind { get; init; }

    /// <summary>The peer's identifier.</summary>
    public required IPAddress Peer { get; init; }

    /// <summary>The peer's host name.</summary>
    public required string Name { get; init; }

    /// <summary>The state after the change.</summary>
    public required TunnelState State { get; init; }

    /// <summary>Where the peer is, when known.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>Why an IKE SA ended, when the change is about that.</summary>
    public IkeCloseReason? Reason { get; init; }
}
