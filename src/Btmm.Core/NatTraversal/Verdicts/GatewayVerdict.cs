using System.Net;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Whether others can reach this host, if not, which box is in the way, and what to do about it. Immutable.
/// </summary>
public sealed record GatewayVerdict
{
    /// <summary>The verdict.</summary>
    public required GatewayVerdictKind Kind { get; init; }

    /// <summary>The verdict in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What to do, on which box, in one sentence; empty when nothing is wrong.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>The box that the verdict and the remedy are about; null when there is none to name.</summary>
    public GatewayBox? Box { get; init; }

    /// <summary>This network's gateway; null when there is none.</summary>
    public GatewayBox? Inner { get; init; }

    /// <summary>The box beyond it that translates again; null unless there is a second NAT.</summary>
    public GatewayBox? Outer { get; init; }

    /// <summary>This host's address towards the gateway.</summary>
    public IPAddress? LocalAddress { get; init; }

    /// <summary>What the gateway calls its external address; null when it does not say.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>This host's address as servers on the internet see it; null when none was asked or none answered.</summary>
    public IPAddress? PublicAddress { get; init; }

    /// <summary>How the NATs on the way behave.</summary>
    public NatBehaviour NatBehaviour { get; init; } = NatBehaviour.Unknown;

    /// <summary>Whether the gateway maps a port; null when that was not tried.</summary>
    public MappingTrial? Mapping { get; init; }

    /// <summary>Who answered what, in the order in which the steps ended.</summary>
    public IReadOnlyList<GatewayEvidence> Evidence { get; init; } = [];

    /// <summary>How long the examination took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>
    /// Whether others can reach this host, as far as this examination tells. A public address is not enough where a firewall is known
    /// to let in only what answers this host.
    /// </summary>
    public bool IsReachable => Kind switch
    {
        GatewayVerdictKind.DirectPublic => NatBehaviour.IsFiltered != true,
        GatewayVerdictKind.SingleNat => true,
        _ => false,
    };

    /// <summary>Whether another verdict tells people the same, whatever its evidence.</summary>
    public bool IsSameAs(GatewayVerdict? other) => other is not null && Kind == other.Kind && Box == other.Box && Outer == other.Outer
        && Summary == other.Summary && Remedy == other.Remedy;
}
