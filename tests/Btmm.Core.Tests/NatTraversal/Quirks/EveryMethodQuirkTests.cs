using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong in whatever protocol: leases, reboots, addresses, slowness, loss.</summary>
public sealed class EveryMethodQuirkTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(8);

    public static TheoryData<PortMappingMethod> Methods { get; } = [PortMappingMethod.NatPmp, PortMappingMethod.Pcp, PortMappingMethod.Igd];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatGrantsLessThanAsked_IsAskedAgainInTime_AndNeverStormed(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromSeconds(120) });
        await lab.StartAsync();
        Assert.Equal(0, await lab.CountGapsAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(20)));
        Assert.Single(lab.Gateway.Mappings);
        Assert.InRange(lab.Gateway.MapRequests, 10, 22 + Queries(method, 20)); // Every half of 120 s, at most twice as often.
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatGrantsMoreThanAsked_IsNotReliedUpon_AndReleasedAtTheEnd(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { FixedLifetime = TimeSpan.FromDays(30) }, TimeSpan.FromMinutes(10));
        await lab.StartAsync();
        DateTimeOffset? until = lab.State.Candidates[0].ExpiresAt;
        Assert.True(until <= lab.Clock.GetUtcNow() + TimeSpan.FromHours(1), $"{until}");
        int maps = lab.Gateway.MapRequests;
        await lab.Clock.RunForAsync(TimeSpan.FromHours(2));
        Assert.InRange(lab.Gateway.MapRequests - maps, 3, 8 + Queries(method, 12));
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatDoesNotExtendRenewals_IsNoticed_AndThePortStaysMapped(PortMappingMethod method)
    {
        FakeGatewayQuirks quirks = new() { Renewal = FakeRenewal.KeepsTheEnd, MaxLifetime = s_lifetime };
        await using QuirkLab lab = new(method, quirks, TimeSpan.FromMinutes(2));
        await lab.StartAsync();
        int gaps = await lab.CountGapsAsync(4 * s_lifetime, TimeSpan.FromSeconds(15));
        Assert.True(gaps <= 4, $"{gaps} times not mapped");
        Assert.True(lab.Gateway.Mappings.Count <= 1);
        Assert.True(lab.Gateway.MapRequests <= 4 * 8 + Queries(method, 16), $"{lab.Gateway.MapRequests} requests to map");
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatLiesAboutRenewals_IsMappedAgain_NotLongAfterTheOldEnd(PortMappingMethod method)
    {
        FakeGatewayQuirks quirks = new() { Renewal = FakeRenewal.KeepsTheEndAndLies, MaxLifetime = s_lifetime };
        await using QuirkLab lab = new(method, quirks, TimeSpan.FromMinutes(2));
        await lab.StartAsync();
        int gaps = await lab.CountGapsAsync(4 * s_lifetime, TimeSpan.FromSeconds(30));
        Assert.True(gaps <= 4 * 8, $"{gaps} times not mapped"); // The next renewal, half a lifetime later, makes it anew at the latest.
        Assert.True(lab.Gateway.MapRequests <= 4 * 8 + Queries(method, 16), $"{lab.Gateway.MapRequests} requests to map");
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatRebootsSilently_IsNoticedByTheNextQuery_AndMappedOnce(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        int maps = lab.Gateway.MapRequests;
        lab.Gateway.Reboot(announce: false);
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= TimeSpan.FromSeconds(31), $"{took}");
        await lab.Clock.RunForAsync(s_minute);
        Assert.InRange(lab.Gateway.MapRequests - maps, 1, 3 + Queries(method, 3));
        Assert.Equal(QuirkLab.Port, lab.State.Endpoint?.Port);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatAnnouncesItsRebootTenTimes_IsMappedWithinSeconds_AndNotTenTimes(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(31));
        int maps = lab.Gateway.MapRequests;
        lab.Gateway.Reboot(announce: false);
        for (int pause = 250, i = 0; i < 10; i++, pause *= 2)
        {
            lab.Gateway.Announce();
            await lab.Clock.RunForAsync(TimeSpan.FromMilliseconds(pause));
            if (i == 4) Assert.Single(lab.Gateway.Mappings); // Eight seconds have passed.
        }

        Assert.InRange(lab.Gateway.MapRequests - maps, 1, 12 + Queries(method, 10 * 4 + 9)); // Each one makes it look four times more.
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatKeepsItsEpochWhenItsAddressChanges_IsNoticedByTheAddress(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        lab.Gateway.Readdress("203.0.113.77", announce: false);
        TimeSpan took = await lab.UntilAsync(() => IPAddress.Parse("203.0.113.77").Equals(lab.State.Endpoint?.Address));
        int polls = method == PortMappingMethod.Pcp ? 4 : 1; // It tells the address with the mapping alone.
        Assert.True(took <= polls * TimeSpan.FromSeconds(30) + TimeSpan.FromSeconds(1), $"{took}");
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayWithoutAnAddressForAMoment_IsAskedAgain_AndTheEndpointStays(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        lab.CountTold();
        lab.Gateway.Readdress("0.0.0.0", announce: false);
        int before = lab.Gateway.Log.Count;
        lab.Keeper.CheckNow();
        await lab.UntilAsync(() => lab.Gateway.Log.Count > before);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(8));
        lab.Gateway.Readdress("203.0.113.10", announce: false);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(0, lab.CountTold());
        Assert.Equal(IPAddress.Parse("203.0.113.10"), lab.State.Endpoint?.Address);
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatAnswersTwice_IsBelievedOnce_AndMapsOnce(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { AnswersTwice = true });
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(1, lab.CountTold());
        Assert.Single(lab.Gateway.Mappings);
        Assert.InRange(lab.Gateway.MapRequests, 1, 3 + Queries(method, 20));
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatAnswersSlowly_IsWaitedFor_AndMapsOnce(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { AnswerDelay = TimeSpan.FromSeconds(1.5) });
        await lab.StartAsync();
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(20), $"{lab.Clock.Elapsed}");
        await lab.Clock.RunForAsync(s_minute);
        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        Assert.Single(lab.Gateway.Mappings);
        Assert.InRange(lab.Gateway.MapRequests, 1, 12);
        lab.Quirks = new FakeGatewayQuirks();
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatAnswersOldRequestsLate_IsNotTakenForTheLaterAnswer_AndStaysMapped(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { AnswerDelay = TimeSpan.FromSeconds(20), DelaysFirst = 2 });
        await lab.StartAsync();
        lab.Gateway.Readdress("203.0.113.77", announce: false);
        await lab.Clock.RunForAsync(2.5 * s_minute); // The answers with the old address are long in, the last one that tells it is newer.
        Assert.Equal(IPAddress.Parse("203.0.113.77"), lab.State.Endpoint?.Address);
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayOnALossyLink_StaysMapped_AndIsReleased(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(2) });
        lab.Wire.Conditions = new WireConditions { Loss = 0.25, Reordering = 0.2, Latency = TimeSpan.FromMilliseconds(10) };
        await lab.StartAsync();
        Assert.Equal(0, await lab.CountGapsAsync(TimeSpan.FromMinutes(6), s_minute));
        Assert.Single(lab.Gateway.Mappings);
        lab.Wire.Conditions = new WireConditions();
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatForgetsMappings_GetsThemAgain_AtTheNextRenewalAtTheLatest(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, null, TimeSpan.FromMinutes(10));
        await lab.StartAsync();
        await lab.Clock.RunForAsync(s_minute);
        lab.Gateway.Forget();
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= TimeSpan.FromMinutes(38), $"{took}");
        Assert.InRange(lab.Gateway.MapRequests, 2, 5 + Queries(method, 4));
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatIsSilentAboutItsProtocol_IsToldOfOnce_AndAskedSeldom(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { SilentProtocols = FakeGatewayProtocols.All });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        lab.CountTold();
        int before = lab.Gateway.Log.Count;
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.Log.Count - before <= 12 * 40, $"{lab.Gateway.Log.Count - before} packets in an hour");
        Assert.NotEmpty(lab.State.Remedy);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayWithItsPortClosed_IsToldOfAtOnceAndOnce_AndAskedSeldom(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method);
        await lab.Gateway.CloseAsync();
        await lab.StartInVainAsync();
        Assert.True(method == PortMappingMethod.Igd || lab.Clock.Elapsed < TimeSpan.FromSeconds(1), $"{lab.Clock.Elapsed}");
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        lab.CountTold();
        int before = lab.Wire.Sent.Count;
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Wire.Sent.Count - before <= 12 * 40, $"{lab.Wire.Sent.Count - before} packets in an hour");
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayThatRefuses_IsToldOfOnceWithARemedy_AndAskedSeldom(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, Refusing);
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, lab.State.Reason);
        Assert.NotEmpty(lab.State.Remedy);
        Assert.Equal(1, lab.CountTold());
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.MapRequests <= 30, $"{lab.Gateway.MapRequests} requests to map in an hour");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task GatewayWithoutFreePorts_IsAskedAgainLater_AndSeldom(PortMappingMethod method)
    {
        await using QuirkLab lab = new(method, Exhausted);
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.PortMappingOutOfResources, lab.State.Reason);
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.True(lab.Gateway.MapRequests <= 40, $"{lab.Gateway.MapRequests} requests to map in an hour");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available);
        await lab.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(MethodsAndAddresses))]
    public async Task GatewayBehindAnotherNat_IsSaidToBeSo_AndKeepsNoMapping(PortMappingMethod method, string address)
    {
        await using QuirkLab lab = new(method);
        lab.Gateway.Readdress(address, announce: false);
        await lab.StartInVainAsync();
        Assert.True(
            lab.State.Reason is BtmmErrorReason.DoubleNat || address == "0.0.0.0" && lab.State.Reason is BtmmErrorReason.PortMappingNetworkFailure,
            $"{lab.State.Reason}");
        Assert.Null(lab.State.Endpoint);
        Assert.NotEmpty(lab.State.Remedy);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(15));
        Assert.Empty(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 200, $"{lab.Gateway.Log.Count} packets in a quarter of an hour");
        lab.Gateway.Readdress("203.0.113.10", announce: false);
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(5));
        await lab.ReleaseAsync();
    }

    public static TheoryData<PortMappingMethod, string> MethodsAndAddresses()
    {
        TheoryData<PortMappingMethod, string> data = [];
        string[] addresses = ["0.0.0.0", "192.168.0.2", "10.1.2.3", "100.64.0.60", "169.254.1.1"];
        foreach (PortMappingMethod method in Methods.Select(row => row.Data))
        {
            foreach (string address in addresses) data.Add(method, address);
        }

        return data;
    }

    /// <summary>How many of the requests to map may be queries: PCP asks for the address by asking for the mapping again.</summary>
    private static int Queries(PortMappingMethod method, int looks) => method == PortMappingMethod.Pcp ? looks + 2 : 0;

    private static FakeGatewayQuirks Refusing { get; } = new()
    {
        AddressResult = Btmm.Protocol.NatTraversal.NatPmp.NatPmpResult.NotAuthorized,
        MapResult = Btmm.Protocol.NatTraversal.NatPmp.NatPmpResult.NotAuthorized,
        PcpMapResult = 2,
        AddError = 606,
    };

    private static FakeGatewayQuirks Exhausted { get; } = new()
    {
        MapResult = Btmm.Protocol.NatTraversal.NatPmp.NatPmpResult.OutOfResources,
        PcpMapResult = 8,
        AddError = 728,
    };
}
