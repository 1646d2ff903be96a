using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>Facts and the verdicts on them, each fact in a short notation, so that the table can be read.</summary>
public sealed class GatewayJudgeTests
{
    // Local address | gateway: "-" silent, "CODE", or "address" (NAT-PMP) | trial: "-" none, "+" works, "CODE" | STUN: "-" or mapped
    // address with "!" for symmetric | UDP/TCP: "u" heard, "x" asked and silent, "t" TCP passes, "w" to HTTPS only, "n" TCP does not | hops | verdict | box
    public static TheoryData<string, string, string, string, string, string, GatewayVerdictKind, string> Cases => new()
    {
        // One NAT.
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "u", "192.168.1.1,203.0.113.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9!", "u", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "-", "-", "", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "xn", "192.168.1.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        // Providers number their own routers as they like: that is no second NAT when the addresses agree.
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "u", "192.168.1.1,10.20.0.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "u", "192.168.1.1,100.64.0.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "", "192.168.1.1,10.20.0.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },

        // A second gateway.
        { "192.168.1.9", "192.168.0.2", "+", "-", "", "", GatewayVerdictKind.DoubleNat, "OuterGateway " },
        { "192.168.1.9", "192.168.0.2", "+", "203.0.113.9", "u", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "10.0.0.2", "NotAuthorized", "203.0.113.9!", "u", "192.168.1.1,10.0.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 10.0.0.1" },
        { "192.168.1.9", "-", "-", "203.0.113.9", "u", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "-", "-", "-", "", "192.168.1.1,192.168.0.1,203.0.113.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "DoubleNat", "-", "203.0.113.9", "u", "", GatewayVerdictKind.DoubleNat, "OuterGateway " },
        { "192.168.1.9", "-", "DoubleNat", "-", "", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.77", "u", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.77", "u", "", GatewayVerdictKind.DoubleNat, "OuterGateway " },
        // Daemons that do not tell a private external address say "network failure" or 0.0.0.0 instead.
        { "192.168.1.9", "NetworkFailure", "-", "203.0.113.9", "u", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "NetworkFailure", "-", "203.0.113.9", "u", "", GatewayVerdictKind.DoubleNat, "OuterGateway " },
        { "192.168.1.9", "0.0.0.0", "+", "203.0.113.9", "u", "192.168.1.1,192.168.0.1", GatewayVerdictKind.DoubleNat, "OuterGateway 192.168.0.1" },
        { "192.168.1.9", "0.0.0.0", "+", "203.0.113.9", "u", "192.168.1.1", GatewayVerdictKind.DoubleNat, "OuterGateway " },

        // The provider's NAT.
        { "192.168.1.9", "100.64.3.4", "+", "203.0.113.9", "u", "192.168.1.1,100.64.0.1", GatewayVerdictKind.Cgnat, "Provider 100.64.0.1" },
        { "192.168.1.9", "100.64.3.4", "-", "-", "", "", GatewayVerdictKind.Cgnat, "Provider " },
        { "192.168.1.9", "192.0.0.2", "+", "203.0.113.9!", "u", "", GatewayVerdictKind.Cgnat, "Provider " },
        { "192.168.1.9", "-", "-", "203.0.113.9", "u", "192.168.1.1,100.64.0.1", GatewayVerdictKind.Cgnat, "Provider 100.64.0.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.77", "u", "192.168.1.1,100.64.0.1", GatewayVerdictKind.Cgnat, "Provider 100.64.0.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.77", "u", "192.168.1.1,203.0.113.1", GatewayVerdictKind.Cgnat, "Provider " },
        { "192.168.1.9", "NetworkFailure", "-", "203.0.113.9", "u", "192.168.1.1,100.64.0.1", GatewayVerdictKind.Cgnat, "Provider 100.64.0.1" },
        { "100.64.3.4", "-", "-", "203.0.113.9", "u", "", GatewayVerdictKind.Cgnat, "Provider " },

        // No mapping.
        { "192.168.1.9", "-", "-", "203.0.113.9", "u", "192.168.1.1,203.0.113.1", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "-", "-", "-", "", "192.168.1.1", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "NotAuthorized", "203.0.113.9", "u", "", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "NotAuthorized", "-", "-", "", "", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "OutOfResources", "-", "", "", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "NetworkFailure", "-", "-", "xn", "192.168.1.1", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "0.0.0.0", "-", "203.0.113.9", "u", "192.168.1.1,203.0.113.1", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "-", "-", "203.0.113.9!", "u", "", GatewayVerdictKind.SymmetricNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "NotAuthorized", "203.0.113.9!", "u", "", GatewayVerdictKind.SymmetricNat, "Gateway 192.168.1.1" },
        // A STUN server on the same private network says nothing of the internet.
        { "192.168.1.9", "-", "-", "192.168.1.9", "u", "", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },

        // An address of its own.
        { "203.0.113.9", "-", "-", "203.0.113.9", "u", "", GatewayVerdictKind.DirectPublic, "Host 203.0.113.9" },
        { "203.0.113.9", "-", "-", "-", "", "", GatewayVerdictKind.DirectPublic, "Host 203.0.113.9" },
        { "203.0.113.9", "-", "-", "203.0.113.10", "u", "", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },

        // Nothing by UDP.
        { "192.168.1.9", "203.0.113.9", "+", "-", "xt", "192.168.1.1", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.1.1" },
        { "192.168.1.9", "-", "-", "-", "xt", "", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.1.1" },
        { "203.0.113.9", "-", "-", "-", "xt", "203.0.113.1,203.0.113.2", GatewayVerdictKind.UdpBlocked, "Firewall 203.0.113.2" },
        { "192.168.1.9", "192.168.0.2", "+", "-", "xt", "192.168.1.1,192.168.0.1", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.0.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "t", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },

        // A server that only has a web site need not be a STUN server, unless UDP does not even reach the routers on the way to it.
        { "192.168.1.9", "203.0.113.9", "+", "-", "xw", "192.168.1.1,203.0.113.1", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "-", "-", "-", "xw", "192.168.1.1,203.0.113.1", GatewayVerdictKind.NoMapping, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "xw", "192.168.1.1,-", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "xw", "", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.1.1" },

        // A sign-in page.
        { "192.168.1.9", "-", "-", "-", "xtP", "192.168.1.1", GatewayVerdictKind.CaptivePortal, "Portal 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "uP", "", GatewayVerdictKind.CaptivePortal, "Portal 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "192.168.1.9", "uP", "", GatewayVerdictKind.CaptivePortal, "Portal 192.168.1.1" },
        // A wireless controller's own page at 192.0.2.1 is there for those, too, who have signed in.
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "uP", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "-", "-", "-", "xnp", "", GatewayVerdictKind.CaptivePortal, "Portal 192.168.1.1" },
        // A server that has a site of its own, and is silent because UDP is blocked, or because it need not know STUN.
        { "192.168.1.9", "-", "-", "-", "xtp", "", GatewayVerdictKind.UdpBlocked, "Firewall 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "tp", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "-", "np", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },
        { "192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "up", "", GatewayVerdictKind.SingleNat, "Gateway 192.168.1.1" },

        // Nothing at all.
        { "192.168.1.9", "-", "-", "-", "xn", "192.168.1.1", GatewayVerdictKind.Unknown, "Gateway 192.168.1.1" },
        { "192.168.1.9", "-", "-", "-", "", "", GatewayVerdictKind.Unknown, "Gateway 192.168.1.1" },
        { "-", "-", "-", "-", "", "", GatewayVerdictKind.Unknown, "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Facts_OfAKind_AreJudgedSo(
        string local, string gateway, string trial, string stun, string udp, string hops, GatewayVerdictKind kind, string box)
    {
        GatewayVerdict verdict = GatewayJudge.Judge(Facts(local, gateway, trial, stun, udp, hops));
        Assert.Equal(kind, verdict.Kind);
        Assert.Equal(box, verdict.Box is null ? "" : $"{verdict.Box.Role} {verdict.Box.Address}");
        Assert.Equal(kind is GatewayVerdictKind.DoubleNat or GatewayVerdictKind.Cgnat, verdict.Outer is not null);
        Assert.Equal(verdict.IsReachable, verdict.Remedy.Length == 0);
        AssertSentence(verdict.Summary);
        if (verdict.Remedy.Length > 0) AssertSentence(verdict.Remedy);
    }

    [Fact]
    public void DoubleNat_Remedy_NamesBothBoxesAndWhatToDo()
    {
        GatewayVerdict verdict = GatewayJudge.Judge(Facts("192.168.1.9", "192.168.0.2", "+", "203.0.113.9", "u", "192.168.1.1,192.168.0.1"));
        Assert.Contains("192.168.1.1", verdict.Summary, StringComparison.Ordinal);
        Assert.Contains("192.168.0.1", verdict.Summary, StringComparison.Ordinal);
        Assert.Contains("Switch the gateway 192.168.1.1 to bridge", verdict.Remedy, StringComparison.Ordinal);
        Assert.Contains("connect this host to the outer gateway 192.168.0.1 itself", verdict.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.168.0.2", "192.168.1.1,-", " (192.168.0.2 there)")]
    [InlineData("203.0.113.9", "", "")]
    public void DoubleNat_RemedyWithoutTheOuterAddress_NamesOnlyWhatIsKnown(string external, string hops, string there)
    {
        GatewayVerdict verdict = GatewayJudge.Judge(Facts("192.168.1.9", external, "+", "203.0.113.77", "u", hops));
        Assert.Equal(GatewayVerdictKind.DoubleNat, verdict.Kind);
        Assert.Equal(
            "Switch the gateway 192.168.1.1 to bridge or access point mode, so that the box that it is plugged into alone shares the connection,"
                + " or connect this host to that box itself; where neither can be, make the gateway 192.168.1.1" + there
                + " the exposed host (DMZ) in the settings of that box, and start the node with --endpoint auto.",
            verdict.Remedy);
    }

    // Where the addresses agree there is no NAT to ask about, whatever a router of the provider says.
    [Fact]
    public void Outer_OfARouterThatIsNoNat_DoesNotCount()
    {
        GatewayFacts facts = Facts("192.168.1.9", "203.0.113.9", "+", "203.0.113.9", "u", "192.168.1.1,10.20.0.1") with
        {
            OuterAnswer = new GatewayAnswer(PortMappingMethod.NatPmp, IPAddress.Parse("100.64.7.7"), null, TimeSpan.Zero, 1),
        };
        Assert.Equal(GatewayVerdictKind.SingleNat, GatewayJudge.Judge(facts).Kind);
    }

    [Fact]
    public void NoMapping_OfAGatewayThatAnswers_IsNotToldToTurnOnWhatIsOn()
    {
        GatewayVerdict verdict = GatewayJudge.Judge(Facts("192.168.1.9", "203.0.113.9", "Timeout", "203.0.113.9", "u", ""));
        Assert.Equal(GatewayVerdictKind.NoMapping, verdict.Kind);
        Assert.StartsWith("Restart the gateway 192.168.1.1, which answers NAT-PMP", verdict.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Outer_ThatIsItselfBehindTheProvidersNat_IsTheProvidersMatter()
    {
        GatewayFacts facts = Facts("192.168.1.9", "192.168.0.2", "+", "203.0.113.9", "u", "192.168.1.1,192.168.0.1") with
        {
            OuterAnswer = new GatewayAnswer(PortMappingMethod.NatPmp, IPAddress.Parse("100.64.7.7"), null, TimeSpan.Zero, 1),
        };
        Assert.Equal(GatewayVerdictKind.Cgnat, GatewayJudge.Judge(facts).Kind);
    }

    [Fact]
    public void ExternalAddress_OfSeveralAnswers_IsTheUsableOne()
    {
        GatewayFacts facts = Facts("192.168.1.9", "0.0.0.0", "+", "203.0.113.9", "u", "");
        facts = facts with { Answers = [.. facts.Answers, new GatewayAnswer(PortMappingMethod.Igd, IPAddress.Parse("203.0.113.9"), null, TimeSpan.Zero, 1)] };
        GatewayVerdict verdict = GatewayJudge.Judge(facts);
        Assert.Equal((GatewayVerdictKind.SingleNat, "203.0.113.9"), (verdict.Kind, $"{verdict.ExternalAddress}"));
    }

    [Theory]
    [Trait("rfc", "5780§4.4")]
    [InlineData(NatFilteringBehaviour.AddressDependent, 45999, "Allow incoming UDP port 45999 in the firewall of this host (203.0.113.9) and of the gateway 192.168.1.1")]
    [InlineData(NatFilteringBehaviour.AddressAndPortDependent, null, "Allow incoming UDP to the node's port")]
    [InlineData(NatFilteringBehaviour.EndpointIndependent, 45999, "")]
    [InlineData(NatFilteringBehaviour.Unknown, 45999, "")]
    public void DirectPublic_BehindAFilter_IsNotReachable(NatFilteringBehaviour filtering, int? port, string remedy)
    {
        GatewayFacts facts = Facts("203.0.113.9", "-", "-", "203.0.113.9", "u", "") with { Port = port };
        GatewayVerdict verdict = GatewayJudge.Judge(facts with { Stun = facts.Stun with { Behaviour = new NatBehaviour(NatMappingBehaviour.NoNat, filtering, null) } });
        bool isFiltered = remedy.Length > 0;
        Assert.Equal((GatewayVerdictKind.DirectPublic, !isFiltered), (verdict.Kind, verdict.IsReachable));
        Assert.Equal(isFiltered ? new GatewayBox(GatewayBoxRole.Firewall, null) : new GatewayBox(GatewayBoxRole.Host, IPAddress.Parse("203.0.113.9")), verdict.Box);
        Assert.Equal(isFiltered, verdict.Summary.Contains("firewall", StringComparison.Ordinal));
        Assert.StartsWith(remedy, verdict.Remedy, StringComparison.Ordinal);
        Assert.Equal(isFiltered, verdict.Remedy.Length > 0);
    }

    [Theory]
    [InlineData("NotAuthorized", "Allow this host (192.168.1.9) to map ports")]
    [InlineData("OutOfResources", "Remove port mappings")]
    [InlineData("-", "Turn on PCP, NAT-PMP or UPnP in the settings of the gateway 192.168.1.1")]
    public void NoMapping_Remedy_DependsOnTheRefusal(string refusal, string remedy) => Assert.StartsWith(
        remedy, GatewayJudge.Judge(Facts("192.168.1.9", refusal, "-", "203.0.113.9", "u", "192.168.1.1,203.0.113.1")).Remedy, StringComparison.Ordinal);

    [Fact]
    public void UdpBlocked_ByThisHostItself_NamesIt()
    {
        GatewayFacts facts = Facts("192.168.1.9", "203.0.113.9", "+", "-", "xt", "192.168.1.1");
        GatewayVerdict verdict = GatewayJudge.Judge(facts with { Stun = new StunFacts { IsRefusedHere = true } });
        Assert.Equal((GatewayVerdictKind.UdpBlocked, new GatewayBox(GatewayBoxRole.Host, IPAddress.Parse("192.168.1.9"))), (verdict.Kind, verdict.Box));
        Assert.Contains("this host's own firewall", verdict.Remedy, StringComparison.Ordinal);
        Assert.Contains("this host itself refuses", verdict.Summary, StringComparison.Ordinal);
    }

    // As miniupnpd behind a carrier's NAT: it has learnt the outermost address by STUN, and each protocol has its own word for that.
    [Theory]
    [InlineData("OutOfResources", "NetworkFailure")]
    [InlineData("NetworkFailure", "OutOfResources")]
    [InlineData("OutOfResources", "OutOfResources")]
    public void Cgnat_ThatTheGatewayKnowsOf_IsFoundByAnyProtocolsRefusal(string first, string second)
    {
        GatewayFacts facts = Facts("192.168.1.9", "203.0.113.9", "-", "203.0.113.9", "u", "192.168.1.1,100.64.0.1");
        GatewayVerdict verdict = GatewayJudge.Judge(facts with { Trials = [Trial(first)!, Trial(second)!] });
        Assert.Equal(GatewayVerdictKind.Cgnat, verdict.Kind);
        Assert.Equal(first == second ? Reason(first) : BtmmErrorReason.PortMappingNetworkFailure, verdict.Mapping?.Refusal);
    }

    private static void AssertSentence(string text)
    {
        Assert.True(char.IsAsciiLetterUpper(text[0]) && text[^1] == '.', text);
        Assert.DoesNotContain("  ", text, StringComparison.Ordinal);
    }

    private static GatewayFacts Facts(string local, string gateway, string trial, string stun, string udp, string hops)
    {
        IPAddress? external = IPAddress.TryParse(gateway, out IPAddress? told) ? told : null;
        IPAddress? mapped = stun == "-" ? null : IPAddress.Parse(stun.TrimEnd('!'));
        NatMappingBehaviour behaviour = stun.EndsWith('!') ? NatMappingBehaviour.AddressAndPortDependent : NatMappingBehaviour.EndpointIndependent;
        return new GatewayFacts
        {
            Route = local == "-" ? null : new GatewayRoute(IPAddress.Parse("192.168.1.1"), IPAddress.Parse(local), 2, "eth0"),
            Answers = external is null ? [] : [new GatewayAnswer(PortMappingMethod.NatPmp, external, null, TimeSpan.Zero, 1)],
            Failures = external is null ? [gateway == "-" ? BtmmErrorReason.PortMappingUnsupported : Reason(gateway)] : [],
            Trials = Trial(trial) is { } made ? [made] : [],
            Stun = mapped is null ? StunFacts.None : new StunFacts
            {
                Mapped = new IPEndPoint(mapped, 40000),
                HeardAnything = true,
                Behaviour = new NatBehaviour(behaviour, NatFilteringBehaviour.Unknown, true),
            },
            UdpAsked = udp.Contains('u', StringComparison.Ordinal) || udp.Contains('x', StringComparison.Ordinal),
            UdpHeard = udp.Contains('u', StringComparison.Ordinal),
            TcpPassesByHttpsOnly = udp.Contains('w', StringComparison.Ordinal),
            TcpPasses = udp.AsSpan().ContainsAny('t', 'w') ? true : udp.Contains('n', StringComparison.Ordinal) ? false : null,
            Portal = new PortalFacts(
                udp.Contains('P', StringComparison.Ordinal) ? PortalSign.Strong : udp.Contains('p', StringComparison.Ordinal) ? PortalSign.Weak : PortalSign.None,
                "http://portal.example/"),
            Hops = hops.Length == 0 ? [] : [.. hops.Split(',').Select(hop => hop == "-" ? null : IPAddress.Parse(hop))],
        };
    }

    private static MappingTrial? Trial(string trial) => trial switch
    {
        "-" => null,
        "+" => new MappingTrial { Method = PortMappingMethod.NatPmp, ExternalPort = 40000 },
        _ => new MappingTrial { Method = PortMappingMethod.NatPmp, Refusal = Reason(trial) },
    };

    private static BtmmErrorReason Reason(string code) => Enum.TryParse(code, out BtmmErrorReason whole)
        ? whole
        : Enum.Parse<BtmmErrorReason>($"PortMapping{code}");
}
