using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Everything that an examination found out, before it is judged. Immutable.</summary>
internal sealed record GatewayFacts
{
    /// <summary>The default route of IPv4; null when there is none.</summary>
    internal GatewayRoute? Route { get; init; }

    /// <summary>The default route of IPv6, where there is none of IPv4; null when there is none either.</summary>
    internal GatewayRoute? RouteV6 { get; init; }

    /// <summary>The UDP port at which others would reach this host; null when it is not known.</summary>
    internal int? Port { get; init; }

    /// <summary>The gateway's answers, one a protocol, in the order of preference.</summary>
    internal IReadOnlyList<GatewayAnswer> Answers { get; init; } = [];

    /// <summary>Why the gateway gave no answer in the other protocols.</summary>
    internal IReadOnlyList<BtmmErrorReason> Failures { get; init; } = [];

    /// <summary>Whether the gateway maps a port, by each protocol that was tried.</summary>
    internal IReadOnlyList<MappingTrial> Trials { get; init; } = [];

    /// <summary>The trial that worked, else the one whose refusal tells most; null when none was made.</summary>
    internal MappingTrial? Trial => Trials.FirstOrDefault(trial => trial.Works) ?? Trials.MinBy(trial => Rank(trial.Refusal));

    /// <summary>Every error that the gateway, or its silence, was.</summary>
    internal IEnumerable<BtmmErrorReason> Errors => Failures.Concat(Trials.Select(trial => trial.Refusal).OfType<BtmmErrorReason>());

    /// <summary>What STUN servers told.</summary>
    internal StunFacts Stun { get; init; } = StunFacts.None;

    /// <summary>Whether somebody was asked by UDP who answers as a rule.</summary>
    internal bool UdpAsked { get; init; }

    /// <summary>Whether anything came back by UDP from beyond the gateway.</summary>
    internal bool UdpHeard { get; init; }

    /// <summary>
    /// Whether that came from DNS's port only, although others were asked at other ports: many a filter lets DNS pass and nothing
    /// else.
    /// </summary>
    internal bool HeardDnsOnly { get; init; }

    /// <summary>Whether TCP passes; null when that was not tried.</summary>
    internal bool? TcpPasses { get; init; }

    /// <summary>Whether it was seen to pass to a port of HTTPS only, where nobody need speak what was asked for by UDP.</summary>
    internal bool TcpPassesByHttpsOnly { get; init; }

    /// <summary>Whether there is a sign-in page.</summary>
    internal PortalFacts Portal { get; init; } = PortalFacts.None;

    /// <summary>The routers one, two and three hops away; null where none answered or the way ends.</summary>
    internal IReadOnlyList<IPAddress?> Hops { get; init; } = [];

    /// <summary>Whether the packets that look for routers, UDP where the platform can, got to the server itself.</summary>
    internal bool ReachesDestination { get; init; }

    /// <summary>What the router two hops away answered in NAT-PMP, as gateways of homes do; null when it did not.</summary>
    internal GatewayAnswer? OuterAnswer { get; init; }

    /// <summary>A daemon that knows no better says that it is out of resources, or nothing, where another protocol of it tells why.</summary>
    internal static int Rank(BtmmErrorReason? refusal) => refusal switch
    {
        BtmmErrorReason.DoubleNat => 0,
        BtmmErrorReason.PortMappingNetworkFailure => 1,
        BtmmErrorReason.PortMappingNotAuthorized => 2,
        BtmmErrorReason.PortMappingOutOfResources => 3,
        BtmmErrorReason.PortMappingConflict => 4,
        BtmmErrorReason.Timeout => 6,
        _ => 5,
    };
}
