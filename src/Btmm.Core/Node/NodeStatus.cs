using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Peers;

namespace Btmm.Core.Node;

/// <summary>A snapshot of a node. Immutable.</summary>
public sealed record NodeStatus
{
    /// <summary>This host's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the node runs.</summary>
    public required bool IsRunning { get; init; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>This host's identifier.</summary>
    public IPAddress? Identifier { get; init; }

    /// <summary>The tunnel interface.</summary>
    public string? InterfaceName { get; init; }

    /// <summary>The UDP port.</summary>
    public int? Port { get; init; }

    /// <summary>The way to the internet.</summary>
    public NetworkState? Network { get; init; }

    /// <summary>Where this host can be reached.</summary>
    public EndpointState? Endpoint { get; init; }

    /// <summary>
    /// What stands between this host and the internet on the present network, as examined once it was quiet; null before that.
    /// </summary>
    public GatewayVerdict? Gateway { get; init; }

    /// <summary>What the zone holds about this host.</summary>
    public PublicationState Publication { get; init; } = PublicationState.Nothing;

    /// <summary>Whether the zone service answers; null before the first exchange.</summary>
    public ZoneServiceState? ZoneService { get; init; }

    /// <summary>The other hosts and the tunnels to them.</summary>
    public IReadOnlyList<NodePeerStatus> Peers { get; init; } = [];
}
