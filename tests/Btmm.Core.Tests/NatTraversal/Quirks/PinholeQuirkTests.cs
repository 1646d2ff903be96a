using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong with holes in their IPv6 firewall.</summary>
public sealed class PinholeQuirkTests
{
    private static readonly IPAddress s_own = IPAddress.Parse(QuirkLab.Global);

    [Fact]
    [Trait("rfc", "6887§11")]
    public async Task GatewayOfBothFamilies_MapsAndOpens_AndBothAreReleased()
    {
        await using QuirkLab lab = new(PortMappingMethod.Pcp, pinholes: true);
        await StartAsync(lab);
        EndpointCandidate pinhole = Assert.Single(lab.State.Candidates, candidate => candidate.Kind == EndpointCandidateKind.Pinhole);
        Assert.Equal((s_own, QuirkLab.Port), (pinhole.Address, pinhole.Port));
        Assert.Equal(2, lab.Gateway.Mappings.Count);
        await lab.ReleaseAsync();
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayWithoutRoomForRenewals_KeepsThePinholeToItsEnd_AndOpensItAnewThen()
    {
        FakeGatewayQuirks quirks = new() { MaxLifetime = TimeSpan.FromMinutes(10), PcpRenewalResult = 8 };
        await using QuirkLab lab = new(PortMappingMethod.Pcp, quirks, TimeSpan.FromMinutes(2), pinholes: true);
        await StartAsync(lab);
        int closed = 0, untold = 0;
        for (int i = 0; i < 60; i++)
        {
            await lab.Clock.RunForAsync(TimeSpan.FromSeconds(30));
            if (!IsOpen(lab)) closed++;
            else if (!IsTold(lab)) untold++;
        }

        Assert.True(closed <= 4, $"closed {closed} times of 60");
        Assert.True(untold <= 4, $"open but not told {untold} times of 60");
        Assert.True(Requests(lab) <= 80, $"{Requests(lab)} requests in half an hour");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(9)]
    public async Task GatewayThatRefusesPinholes_MapsAllTheSame_AndIsAskedSeldom(int code)
    {
        await using QuirkLab lab = new(PortMappingMethod.Pcp, new FakeGatewayQuirks { PcpPinholeResult = code }, pinholes: true);
        await lab.StartAsync();
        int told = lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        Assert.DoesNotContain(lab.State.Candidates, candidate => candidate.Kind == EndpointCandidateKind.Pinhole);
        Assert.Equal(0, lab.CountTold());
        Assert.InRange(told, 1, 2);
        Assert.True(Requests(lab) <= 60, $"{Requests(lab)} requests in twenty minutes");
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatIsSilentOnIpv6_MapsAllTheSame_WithoutWaiting()
    {
        await using QuirkLab lab = new(PortMappingMethod.Pcp, pinholes: true);
        lab.Wire.Filter = datagram => datagram.From.Address.GetAddressBytes().Length == 4;
        await lab.StartAsync();
        Assert.True(lab.Clock.Elapsed < TimeSpan.FromSeconds(1), $"{lab.Clock.Elapsed}");
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatReboots_OpensThePinholeAgain_WithinOneQuery()
    {
        await using QuirkLab lab = new(PortMappingMethod.Pcp, pinholes: true);
        await StartAsync(lab);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        lab.Gateway.Reboot(announce: false);
        TimeSpan took = await lab.UntilAsync(() => IsOpen(lab) && lab.Gateway.Mappings.Count == 2);
        Assert.True(took <= TimeSpan.FromSeconds(31), $"{took}");
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§8.3")]
    public async Task StrangerOnIpv6_IsNotHeard_AndThePinholeStays()
    {
        await using QuirkLab lab = new(PortMappingMethod.Pcp, pinholes: true);
        await StartAsync(lab);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        int before = lab.Gateway.Log.Count;
        byte[] forged = Convert.FromHexString("028000000000000000000000" + new string('0', 24));
        for (int i = 0; i < 100; i++)
        {
            lab.Wire.Inject("[fe80::66]:5351", "[ff02::1]:5350", forged);
            lab.Wire.Inject("[2001:db8::66]:5351", "[ff02::1]:5350", forged);
        }

        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(6));
        Assert.Equal(before, lab.Gateway.Log.Count);
        Assert.True(IsTold(lab));
        await lab.ReleaseAsync();
    }

    private static async Task StartAsync(QuirkLab lab)
    {
        await lab.StartAsync();
        await lab.UntilAsync(() => IsTold(lab), TimeSpan.FromMinutes(1));
    }

    private static bool IsOpen(QuirkLab lab) => lab.Gateway.Mappings.Any(mapping => mapping.Client.Equals(s_own));

    private static bool IsTold(QuirkLab lab) => lab.State.Candidates.Any(candidate => candidate.Kind == EndpointCandidateKind.Pinhole);

    private static int Requests(QuirkLab lab) => lab.Gateway.Log.Count(request => request.Client.Address.Equals(s_own));
}
