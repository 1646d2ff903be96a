using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>Facts as they were seen with real daemons and filters.</summary>
public sealed class GatewayJudgeZooTests
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.7.1");
    private static readonly IPAddress s_public = IPAddress.Parse("203.0.113.40");
    private static readonly GatewayRoute s_route = new(s_gateway, IPAddress.Parse("192.168.7.103"), 2, "eth0");

    // miniupnpd with ext_perform_stun=yes behind another NAT.
    [Theory]
    [InlineData("100.64.0.1", GatewayVerdictKind.Cgnat)]
    [InlineData("10.0.0.1", GatewayVerdictKind.DoubleNat)]
    [InlineData("203.0.113.1", GatewayVerdictKind.NoMapping)]
    public void Judge_GatewayTellsTheOutermostAddressAndMapsNothing_HopsDecide(string second, GatewayVerdictKind kind)
    {
        GatewayVerdict verdict = GatewayJudge.Judge(new GatewayFacts
        {
            Route = s_route,
            Answers = [new GatewayAnswer(PortMappingMethod.NatPmp, s_public, TimeSpan.Zero, TimeSpan.Zero, 1)],
            Trials = [new MappingTrial { Method = PortMappingMethod.NatPmp, Refusal = BtmmErrorReason.PortMappingNetworkFailure }],
            Stun = new StunFacts { Mapped = new IPEndPoint(s_public, 4711), HeardAnything = true },
            UdpAsked = true,
            UdpHeard = true,
            Hops = [s_gateway, IPAddress.Parse(second), null],
        });
        Assert.Equal(kind, verdict.Kind);
        Assert.DoesNotContain("the internet sees", verdict.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true, GatewayVerdictKind.UdpBlocked)]
    [InlineData("198.51.100.1", true, GatewayVerdictKind.NoMapping)]
    [InlineData(null, false, GatewayVerdictKind.NoMapping)]
    public void Judge_OnlyDnsComesBackByUdp_BlockedWhenNoRouterAnswersEither(string? second, bool isDnsOnly, GatewayVerdictKind kind)
    {
        GatewayVerdict verdict = GatewayJudge.Judge(new GatewayFacts
        {
            Route = s_route,
            Stun = new StunFacts { Mapped = new IPEndPoint(s_public, 4711), HeardAnything = true },
            HeardDnsOnly = isDnsOnly,
            UdpAsked = true,
            UdpHeard = true,
            TcpPasses = true,
            Hops = [s_gateway, second is null ? null : IPAddress.Parse(second), null],
        });
        Assert.Equal(kind, verdict.Kind);
    }
}
