using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Puts verdicts and remedies into words: which box, which setting. Pure.</summary>
internal static class VerdictText
{
    internal static string Summary(GatewayVerdict verdict, GatewayFacts facts) => verdict.Kind switch
    {
        GatewayVerdictKind.DirectPublic => DirectPublic(verdict, facts),
        GatewayVerdictKind.SingleNat => SingleNat(verdict, facts),
        GatewayVerdictKind.DoubleNat => DoubleNat(verdict, facts),
        GatewayVerdictKind.Cgnat => Cgnat(verdict, facts),
        GatewayVerdictKind.SymmetricNat =>
            $"{Upper(verdict.Inner)} {MapsNothing(facts)}, and sends every flow from another port, so that peers cannot guess where to answer.",
        GatewayVerdictKind.NoMapping => $"{Upper(verdict.Inner)} {MapsNothing(facts)}, so peers can reach this host only while it reaches out to them.",
        GatewayVerdictKind.UdpBlocked when facts.Stun.IsRefusedHere => "TCP passes and UDP does not: this host itself refuses to send it.",
        GatewayVerdictKind.UdpBlocked =>
            $"TCP passes and UDP {(GatewayJudge.IsDnsOnly(facts) ? "other than DNS " : "")}gets no answer: {verdict.Box} or a filter behind it drops it.",
        GatewayVerdictKind.CaptivePortal => facts.Portal.Location is { } page
            ? $"This network wants a sign-in first: it answers with {page} for everything."
            : "This network wants a sign-in first: it answers for addresses that are not its own.",
        _ when facts.Route is null => facts.RouteV6 is null
            ? "There is no IPv4 default gateway."
            : $"This network has IPv6 only, by {verdict.Inner}, and other hosts are reached by IPv4.",
        _ => $"{Upper(verdict.Inner)} maps no ports, and nothing beyond it answers.",
    };

    internal static string Remedy(GatewayVerdict verdict, GatewayFacts facts) => verdict.Kind switch
    {
        GatewayVerdictKind.DirectPublic => verdict.IsReachable ? "" : FirewallRemedy(verdict, facts),
        GatewayVerdictKind.SingleNat => "",
        GatewayVerdictKind.DoubleNat => DoubleNatRemedy(verdict),
        GatewayVerdictKind.Cgnat => CgnatRemedy(verdict),
        GatewayVerdictKind.SymmetricNat or GatewayVerdictKind.NoMapping => MappingRemedy(verdict, facts),
        GatewayVerdictKind.UdpBlocked when facts.Stun.IsRefusedHere => "Allow outgoing UDP in this host's own firewall.",
        GatewayVerdictKind.UdpBlocked =>
            $"Allow outgoing UDP for {Host(verdict)} in the firewall settings of {verdict.Box?.Address?.ToString() ?? "the gateway"}, or use another network.",
        GatewayVerdictKind.CaptivePortal => facts.Portal.Location is { } page
            ? $"Open {page} in a browser, sign in, and try again."
            : "Open any http page in a browser, sign in, and try again.",
        _ when facts.Route is null => facts.RouteV6 is null
            ? "Connect this host to a network."
            : $"Turn on IPv4 in the settings of {verdict.Inner}, or connect this host to a network that has it.",
        _ => $"Check that {verdict.Inner} is connected to the internet.",
    };

    private static string DirectPublic(GatewayVerdict verdict, GatewayFacts facts)
    {
        string note = verdict.IsReachable ? "" : "; a firewall lets in only what answers it, so peers get through while this host reaches out to them";
        return $"This host has the public address {verdict.LocalAddress} of its own{note}{Silence(facts)}.";
    }

    private static string FirewallRemedy(GatewayVerdict verdict, GatewayFacts facts)
    {
        string what = facts.Port is { } port ? $"UDP port {port}" : "UDP to the node's port (its --port)";
        return $"Allow incoming {what} in the firewall of {Host(verdict)} and of {verdict.Inner}, whichever of the two holds it off.";
    }

    private static string SingleNat(GatewayVerdict verdict, GatewayFacts facts)
    {
        IPAddress? outside = verdict.ExternalAddress is { } external && ExternalAddress.IsPublic(external) ? external : verdict.PublicAddress;
        string at = outside is null ? "" : $" at {outside}";
        string how = verdict.Mapping is { } mapping
            ? $"maps ports{(mapping.Method is { } method ? $" by {PortMappingNames.Of(method)}" : "")}"
            : $"answers {Names(facts.Answers.Select(answer => answer.Method))}; whether it maps ports was not tried";
        return $"One NAT{at}, and {verdict.Inner} {how}{Silence(facts)}.";
    }

    private static string Silence(GatewayFacts facts) => facts.UdpAsked && !GatewayJudge.IsOnline(facts) ? "; nothing beyond the gateway answered" : "";

    private static string DoubleNat(GatewayVerdict verdict, GatewayFacts facts)
    {
        string why = (verdict.ExternalAddress, verdict.PublicAddress) switch
        {
            ({ } external, { } seen) when IsOther(external, seen) => $"is {external} outside, and the internet sees {seen}",
            ({ } external, _) when ExternalAddress.Classify(external) == ExternalAddressKind.Private => $"has the private address {external} on its outer side",
            (null, _) when !GatewayJudge.SpeaksMapping(facts) => "leads to another private network",
            _ => "has no public address on its outer side",
        };
        return $"Two NATs in a row: {verdict.Inner} {why}, behind {verdict.Outer}; a mapping on the first leads nowhere.";
    }

    /// <summary>
    /// Best is that one of the two stops translating. The outer one knows the inner one by its outer address, which a person finds on
    /// the inner one's pages when it has not been told here; that of this network means nothing to it.
    /// </summary>
    private static string DoubleNatRemedy(GatewayVerdict verdict)
    {
        bool isKnown = verdict.Outer?.Address is not null;
        string outer = isKnown ? $"{verdict.Outer}" : "the box that it is plugged into";
        string there = verdict.ExternalAddress is { } external && ExternalAddress.Classify(external) == ExternalAddressKind.Private ? $" ({external} there)" : "";
        return $"Switch {verdict.Inner} to bridge or access point mode, so that {outer} alone shares the connection,"
            + $" or connect this host to {(isKnown ? outer : "that box")} itself; where neither can be, make {verdict.Inner}{there} the exposed host (DMZ)"
            + $" in the settings of {(isKnown ? outer : "that box")}, and start the node with --endpoint auto.";
    }

    private static string Cgnat(GatewayVerdict verdict, GatewayFacts facts)
    {
        string why = verdict.ExternalAddress switch
        {
            { } external when IsOther(external, verdict.PublicAddress) => $"{verdict.Inner} is {external} outside, and the internet sees {verdict.PublicAddress}",
            { } external when !ExternalAddress.IsPublic(external) => $"{verdict.Inner} has {external} outside, which is no public address",
            _ when facts.OuterAnswer is { } outer => $"the gateway behind {verdict.Inner} has {outer.ExternalAddress} outside, which is no public address",
            _ => $"the way to the internet leads through {verdict.Outer?.Address?.ToString() ?? "a shared address range"}",
        };
        return $"The provider shares one public address among customers (carrier-grade NAT), so that nobody outside can reach this host: {why}.";
    }

    private static bool IsOther(IPAddress external, IPAddress? seen) => ExternalAddress.IsPublic(external) && seen is not null && !seen.Equals(external);

    private static string CgnatRemedy(GatewayVerdict verdict) =>
        $"Ask the provider for a public IPv4 address of your own; no setting of {verdict.Inner} can help.";

    private static string MapsNothing(GatewayFacts facts) => Refusal(facts) switch
    {
        BtmmErrorReason.PortMappingNotAuthorized => "refuses to map ports",
        BtmmErrorReason.PortMappingNetworkFailure => "has no external address to map ports on",
        BtmmErrorReason.PortMappingOutOfResources => "has no port left to map",
        null when facts.Answers.Count == 0 => "speaks neither PCP, NAT-PMP nor UPnP",
        _ => "maps no port",
    };

    private static string MappingRemedy(GatewayVerdict verdict, GatewayFacts facts) => Refusal(facts) switch
    {
        BtmmErrorReason.PortMappingNotAuthorized =>
            $"Allow {Host(verdict)} to map ports (PCP, NAT-PMP or UPnP) in the settings of {verdict.Inner}, or {ByHand(verdict)}.",
        BtmmErrorReason.PortMappingNetworkFailure =>
            $"Check that {verdict.Inner} is connected to the internet and has an address there; restart it if it has none.",
        BtmmErrorReason.PortMappingOutOfResources =>
            $"Remove port mappings that are no longer needed in the settings of {verdict.Inner}, or restart it.",
        _ when facts.Answers.Count > 0 =>
            $"Restart {verdict.Inner}, which answers {Names(facts.Answers.Select(answer => answer.Method))} and still maps nothing, or {ByHand(verdict)}.",
        _ => $"Turn on PCP, NAT-PMP or UPnP in the settings of {verdict.Inner}, or {ByHand(verdict)}.",
    };

    /// <summary>Nothing tells a node of a forwarding but its user.</summary>
    private static string ByHand(GatewayVerdict verdict) =>
        $"forward a UDP port to {Host(verdict)} there by hand and start the node with --endpoint and --port";

    private static BtmmErrorReason? Refusal(GatewayFacts facts) =>
        facts.Errors.Where(GatewayJudge.IsRefusal).Select(reason => (BtmmErrorReason?)reason).MinBy(GatewayFacts.Rank);

    private static string Host(GatewayVerdict verdict) => verdict.LocalAddress is { } local ? $"this host ({local})" : "this host";

    private static string Upper(GatewayBox? box) => box is null ? "The network" : char.ToUpperInvariant($"{box}"[0]) + $"{box}"[1..];

    private static string Names(IEnumerable<PortMappingMethod> methods) => string.Join(" and ", methods.Select(PortMappingNames.Of));
}
