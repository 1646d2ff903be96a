using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Makes a verdict of facts. Pure.</summary>
/// <remarks>
/// What hinders everything else comes first: a sign-in page, then a filter that lets no UDP through; then what no setting of the
/// gateway can change; then whether the gateway maps ports; last how its NAT behaves without that.
/// </remarks>
internal static class GatewayJudge
{
    /// <summary>Judges; evidence and duration are left to the caller.</summary>
    internal static GatewayVerdict Judge(GatewayFacts facts)
    {
        GatewayVerdictKind kind = KindOf(facts);
        GatewayRoute? nearest = facts.Route ?? facts.RouteV6;
        GatewayBox? inner = nearest is null ? null : new GatewayBox(GatewayBoxRole.Gateway, nearest.Gateway);
        GatewayBox? outer = kind switch
        {
            GatewayVerdictKind.DoubleNat => new GatewayBox(GatewayBoxRole.OuterGateway, OuterAddress(facts)),
            GatewayVerdictKind.Cgnat => new GatewayBox(GatewayBoxRole.Provider, ProviderAddress(facts)),
            _ => null,
        };
        var verdict = new GatewayVerdict
        {
            Kind = kind,
            Summary = "",
            Box = outer ?? BoxOf(kind, facts, inner),
            Inner = inner,
            Outer = outer,
            LocalAddress = nearest?.LocalAddress,
            ExternalAddress = External(facts),
            PublicAddress = Seen(facts),
            NatBehaviour = facts.Stun.Behaviour,
            Mapping = facts.Trial,
        };
        return verdict with { Summary = VerdictText.Summary(verdict, facts), Remedy = VerdictText.Remedy(verdict, facts) };
    }

    /// <summary>The gateway's external address: a usable one if any protocol tells one.</summary>
    internal static IPAddress? External(GatewayFacts facts)
    {
        IEnumerable<IPAddress?> told = [facts.Trial?.ExternalAddress, .. facts.Answers.Select(answer => answer.ExternalAddress)];
        return told.OfType<IPAddress>().OrderBy(address => IsVague(ExternalAddress.Classify(address))).FirstOrDefault();
    }

    /// <summary>Whether the gateway lets itself be asked for mappings at all, whatever it answers.</summary>
    internal static bool SpeaksMapping(GatewayFacts facts) => facts.Answers.Count > 0 || facts.Errors.Any(IsRefusal);

    /// <summary>Whether an error is a gateway's answer, not its silence.</summary>
    internal static bool IsRefusal(BtmmErrorReason reason) => reason is BtmmErrorReason.PortMappingNotAuthorized
        or BtmmErrorReason.PortMappingNetworkFailure or BtmmErrorReason.PortMappingOutOfResources
        or BtmmErrorReason.PortMappingConflict or BtmmErrorReason.DoubleNat;

    /// <summary>Whether an error says something about the gateway, be it that it is silent; others are this host's own.</summary>
    internal static bool IsAboutGateway(BtmmErrorReason reason) => IsRefusal(reason)
        || reason is BtmmErrorReason.Timeout or BtmmErrorReason.PortMappingUnsupported or BtmmErrorReason.MalformedReply;

    /// <summary>Whether anything beyond the gateway answered.</summary>
    internal static bool IsOnline(GatewayFacts facts) =>
        facts.UdpHeard || facts.TcpPasses == true || facts.ReachesDestination || Seen(facts) is not null || facts.Hops.Skip(1).Any(hop => hop is not null);

    /// <summary>This host's address on the internet as STUN tells it; a server on the same private network does not know it.</summary>
    internal static IPAddress? Seen(GatewayFacts facts) =>
        facts.Stun.Mapped?.Address is { } address && ExternalAddress.IsPublic(address) ? address : null;

    /// <summary>
    /// Whether UDP passes to DNS's port and to no other: a server at another port is silent and may just be down, but so is every
    /// router beyond the gateway, which the probes for them, UDP too, would have reached.
    /// </summary>
    internal static bool IsDnsOnly(GatewayFacts facts) => facts is { HeardDnsOnly: true, TcpPasses: true } && IsSilentBeyond(facts);

    private static GatewayVerdictKind KindOf(GatewayFacts facts)
    {
        if (IsPortal(facts)) return GatewayVerdictKind.CaptivePortal;
        if (IsUdpBlocked(facts)) return GatewayVerdictKind.UdpBlocked;
        if (facts.Route is not { } route) return GatewayVerdictKind.Unknown;
        IPAddress? seen = Seen(facts);
        if (ExternalAddress.IsPublic(route.LocalAddress) && (seen is null || seen.Equals(route.LocalAddress)))
            return GatewayVerdictKind.DirectPublic;
        NatBeyond beyond = Beyond(facts);
        if (beyond == NatBeyond.Provider) return GatewayVerdictKind.Cgnat;
        if (beyond == NatBeyond.SecondGateway) return GatewayVerdictKind.DoubleNat;
        if (facts.Trial?.Works ?? (facts.Answers.Count > 0 && !IsWithoutAddress(facts))) return GatewayVerdictKind.SingleNat;
        if (facts.Stun.Behaviour.IsSymmetric == true) return GatewayVerdictKind.SymmetricNat;
        bool isKnown = SpeaksMapping(facts) || IsOnline(facts) || (!facts.UdpAsked && facts.Hops.Any(hop => hop is not null));
        return isKnown ? GatewayVerdictKind.NoMapping : GatewayVerdictKind.Unknown;
    }

    /// <summary>
    /// A page at the server's own address may be its owner's, unless nothing else of the server gets through. Nobody has to sign in
    /// whose STUN requests reach the internet: some boxes keep a page at an address that nobody has for their users' own purposes.
    /// </summary>
    private static bool IsPortal(GatewayFacts facts) => Seen(facts) is null && (facts.Portal.Sign == PortalSign.Strong
        || (facts is { Portal.Sign: PortalSign.Weak, UdpAsked: true, UdpHeard: false } && facts.TcpPasses != true));

    /// <summary>
    /// A server that takes connections at the port where it is silent to UDP shows a filter. One that only has a web site may not be
    /// what its name says, unless the probes for routers, which are UDP, get no further than the gateway either.
    /// </summary>
    private static bool IsUdpBlocked(GatewayFacts facts)
    {
        if (IsDnsOnly(facts)) return true;
        bool isSilent = facts is { UdpAsked: true, UdpHeard: false, TcpPasses: true };
        return isSilent && (!facts.TcpPassesByHttpsOnly || facts.Stun.IsRefusedHere || facts.Hops.Count == 0 || IsSilentBeyond(facts));
    }

    /// <summary>Whether routers beyond the gateway were asked for, and neither one answered nor the server itself.</summary>
    private static bool IsSilentBeyond(GatewayFacts facts) =>
        facts is { Hops.Count: > 1, ReachesDestination: false } && facts.Hops.Skip(1).All(hop => hop is null || hop.Equals(facts.Route?.Gateway));

    private static NatBeyond Beyond(GatewayFacts facts)
    {
        IPAddress? external = External(facts);
        return external is null ? WithoutExternal(facts) : ExternalAddress.Classify(external) switch
        {
            ExternalAddressKind.Public when Seen(facts) is { } seen && !seen.Equals(external) => BehindPublic(facts),
            // A gateway that asks a STUN server itself tells the outermost address, and maps nothing when that is not its own.
            ExternalAddressKind.Public when IsRefusedByNetwork(facts) => ByHops(facts) ?? NatBeyond.None,
            ExternalAddressKind.Public => IsRefusedVaguely(facts) && ByHops(facts) == NatBeyond.Provider ? NatBeyond.Provider : NatBeyond.None,
            ExternalAddressKind.CarrierShared or ExternalAddressKind.TransitionShared => NatBeyond.Provider,
            ExternalAddressKind.Private => ByHops(facts) ?? NatBeyond.SecondGateway,
            _ => WithoutAddress(facts),
        };
    }

    /// <summary>The gateway has no address that it would tell: the provider has not given one, or it hides a private one.</summary>
    private static NatBeyond WithoutAddress(GatewayFacts facts)
    {
        if (ByHops(facts) is { } told) return told;
        bool isHidden = IsOnline(facts) && HopKind(facts, 1) is null;
        return isHidden ? NatBeyond.SecondGateway : NatBeyond.None;
    }

    private static NatBeyond WithoutExternal(GatewayFacts facts)
    {
        if (facts.Errors.Contains(BtmmErrorReason.DoubleNat)) return ByHops(facts) ?? NatBeyond.SecondGateway;
        bool isShared = facts.Route is { } route && ExternalAddress.Classify(route.LocalAddress) == ExternalAddressKind.CarrierShared;
        if (isShared) return NatBeyond.Provider;
        return IsWithoutAddress(facts) ? WithoutAddress(facts) : ByHops(facts) ?? NatBeyond.None;
    }

    /// <summary>The gateway's public address is not the one that servers see: a box with public addresses inside is a provider's.</summary>
    private static NatBeyond BehindPublic(GatewayFacts facts) =>
        ByHops(facts) ?? (HopKind(facts, 1) == ExternalAddressKind.Public ? NatBeyond.Provider : NatBeyond.SecondGateway);

    /// <summary>
    /// What the router behind the gateway is by its address, and by what it says itself when it is a home's; null when that tells
    /// nothing.
    /// </summary>
    private static NatBeyond? ByHops(GatewayFacts facts) => HopKind(facts, 1) switch
    {
        ExternalAddressKind.CarrierShared or ExternalAddressKind.TransitionShared => NatBeyond.Provider,
        ExternalAddressKind.Private when facts.OuterAnswer?.Kind is ExternalAddressKind.CarrierShared or ExternalAddressKind.TransitionShared => NatBeyond.Provider,
        ExternalAddressKind.Private => NatBeyond.SecondGateway,
        _ => null,
    };

    private static ExternalAddressKind? HopKind(GatewayFacts facts, int index) =>
        facts.Hops.ElementAtOrDefault(index) is { } hop && !hop.Equals(facts.Route?.Gateway) ? ExternalAddress.Classify(hop) : null;

    private static bool IsWithoutAddress(GatewayFacts facts) =>
        External(facts) is { } external ? IsVague(ExternalAddress.Classify(external)) : IsRefusedByNetwork(facts);

    private static bool IsRefusedByNetwork(GatewayFacts facts) => facts.Errors.Contains(BtmmErrorReason.PortMappingNetworkFailure);

    /// <summary>Whether it fails to map without a reason that would be its own: UPnP and PCP have no better words for a lack of address.</summary>
    private static bool IsRefusedVaguely(GatewayFacts facts) => facts.Trial is { Works: false, Refusal: not (
        BtmmErrorReason.PortMappingNotAuthorized or BtmmErrorReason.PortMappingConflict or BtmmErrorReason.Timeout) };

    private static bool IsVague(ExternalAddressKind kind) => kind is ExternalAddressKind.Unspecified or ExternalAddressKind.LinkLocal
        or ExternalAddressKind.Loopback or ExternalAddressKind.Reserved;

    private static IPAddress? OuterAddress(GatewayFacts facts) => HopKind(facts, 1) == ExternalAddressKind.Private ? facts.Hops[1] : null;

    private static IPAddress? ProviderAddress(GatewayFacts facts) => Enumerable.Range(0, facts.Hops.Count)
        .Where(index => HopKind(facts, index) is ExternalAddressKind.CarrierShared or ExternalAddressKind.TransitionShared)
        .Select(index => facts.Hops[index]).FirstOrDefault();

    private static GatewayBox? BoxOf(GatewayVerdictKind kind, GatewayFacts facts, GatewayBox? inner) => kind switch
    {
        // This host's own firewall, or any on the way: nothing tells which.
        GatewayVerdictKind.DirectPublic when facts.Stun.Behaviour.IsFiltered == true => new GatewayBox(GatewayBoxRole.Firewall, Address: null),
        GatewayVerdictKind.DirectPublic => new GatewayBox(GatewayBoxRole.Host, facts.Route?.LocalAddress),
        GatewayVerdictKind.CaptivePortal => new GatewayBox(GatewayBoxRole.Portal, facts.Route?.Gateway),
        GatewayVerdictKind.UdpBlocked when facts.Stun.IsRefusedHere => new GatewayBox(GatewayBoxRole.Host, facts.Route?.LocalAddress),
        // The packets that found the routers were UDP as well: the last one that answered is the last that they reached.
        GatewayVerdictKind.UdpBlocked => new GatewayBox(GatewayBoxRole.Firewall, facts.Hops.LastOrDefault(hop => hop is not null) ?? facts.Route?.Gateway),
        _ => inner,
    };
}
