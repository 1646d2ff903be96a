using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Tests.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

public sealed class GatewayExaminerTests
{
    private const string Server = "203.0.113.53:3478";

    [Fact]
    public async Task Examine_OneNatThatMaps_IsSingleNatAndNothingIsLeft()
    {
        await using var net = new ExaminerFixture();
        await using FakeStunServer server = Nat(net, "203.0.113.9");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.SingleNat, verdict.Kind);
        Assert.Equal(("203.0.113.9", "203.0.113.9"), ($"{verdict.ExternalAddress}", $"{verdict.PublicAddress}"));
        Assert.Equal(PortMappingMethod.Pcp, verdict.Mapping?.Method);
        Assert.Equal(NatMappingBehaviour.EndpointIndependent, verdict.NatBehaviour.Mapping);
        Assert.True(verdict.IsReachable);
        PortMapping trial = Assert.Single(net.Mappers[PortMappingMethod.Pcp].Mapped);
        Assert.Equal(trial, Assert.Single(net.Mappers[PortMappingMethod.Pcp].Deleted));
        Assert.Empty(net.Mappers[PortMappingMethod.NatPmp].Mapped);
        Assert.All(net.Mappers.Values, mapper => Assert.True(mapper.IsDisposed));
        GatewayStep[] steps = [GatewayStep.Route, GatewayStep.Gateway, GatewayStep.Mapping, GatewayStep.Stun, GatewayStep.NatMapping, GatewayStep.NatFiltering, GatewayStep.Hop];
        Assert.All(steps, step => Assert.Contains(verdict.Evidence, e => e.Step == step));
        Assert.Equal(net.Clock.Elapsed, verdict.Duration);
        Assert.True(verdict.Duration < TimeSpan.FromSeconds(1.5), $"{verdict.Duration}");
    }

    [Fact]
    public async Task Examine_FirstProtocolRefusesToMap_TheNextIsTried()
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].MapError = BtmmErrorReason.PortMappingNotAuthorized;
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.SingleNat, PortMappingMethod.NatPmp), (verdict.Kind, verdict.Mapping!.Method));
        Assert.Empty(net.Mappers[PortMappingMethod.Pcp].Deleted);
        Assert.Single(net.Mappers[PortMappingMethod.NatPmp].Deleted);
    }

    // miniupnpd may deny by one protocol what another grants; UPnP devices take a second to answer a search.
    [Fact]
    public async Task Examine_FirstProtocolsRefuseAtOnce_TheSlowOneIsWaitedFor()
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].QueryError = BtmmErrorReason.PortMappingNotAuthorized;
        net.Mappers[PortMappingMethod.NatPmp].QueryError = BtmmErrorReason.PortMappingNotAuthorized;
        net.Mappers[PortMappingMethod.Igd].QueryDelay = TimeSpan.FromSeconds(1.2);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.SingleNat, PortMappingMethod.Igd), (verdict.Kind, verdict.Mapping?.Method));
    }

    [Theory]
    [InlineData(BtmmErrorReason.PortMappingUnsupported, true, 1)]
    [InlineData(BtmmErrorReason.Unreachable, false, 1)]
    [InlineData(BtmmErrorReason.StateDirectoryInvalid, false, 1)]
    [InlineData(BtmmErrorReason.PortMappingUnsupported, false, 0)]
    [InlineData(BtmmErrorReason.PortMappingOutOfResources, false, 0)]
    public async Task Examine_MappingThatMayHaveBeenMade_IsGivenBack(BtmmErrorReason reason, bool isSilence, int deleted)
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].MapError = reason;
        net.Mappers[PortMappingMethod.Pcp].IsSilent = isSilence;
        await net.ExamineAsync();
        Assert.Equal(deleted, net.Mappers[PortMappingMethod.Pcp].Deleted.Count);
    }

    [Fact]
    public async Task Examine_MemoryOfMappingsCannotBeWritten_IsNotTheGatewaysFault()
    {
        await using var net = new ExaminerFixture();
        foreach (ScriptedMapper mapper in net.Mappers.Values) mapper.MapError = BtmmErrorReason.StateDirectoryInvalid;
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.SingleNat, null), (verdict.Kind, verdict.Mapping));
        Assert.Contains("was not tried", verdict.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examine_AStepFailsAsItShouldNot_TheMappingIsGivenBackFirst()
    {
        await using var net = new ExaminerFixture();
        net.Hops = new FakeHopFinder(net.Clock) { Fault = new InvalidOperationException("broken") };
        net.Mappers[PortMappingMethod.Pcp].MapDelay = TimeSpan.FromSeconds(1);
        await Assert.ThrowsAsync<InvalidOperationException>(net.ExamineAsync);
        Assert.Single(net.Mappers[PortMappingMethod.Pcp].Deleted);
        Assert.All(net.Mappers.Values, mapper => Assert.True(mapper.IsDisposed));
    }

    [Fact]
    public async Task Examine_MappingThatTimesOut_IsGivenBackBeforeTheNextIsTried()
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].MapDelay = TimeSpan.FromMinutes(1);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(PortMappingMethod.NatPmp, verdict.Mapping?.Method);
        PortMapping doubtful = Assert.Single(net.Mappers[PortMappingMethod.Pcp].Deleted);
        Assert.Equal((0, TimeSpan.Zero), (doubtful.ExternalPort, doubtful.Lifetime));
        Assert.True(verdict.Duration < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Examine_AllRefuse_IsNoMappingWithTheReason()
    {
        await using var net = new ExaminerFixture();
        foreach (ScriptedMapper mapper in net.Mappers.Values) mapper.MapError = BtmmErrorReason.PortMappingNotAuthorized;
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.NoMapping, BtmmErrorReason.PortMappingNotAuthorized), (verdict.Kind, verdict.Mapping?.Refusal));
        Assert.StartsWith("Allow this host", verdict.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examine_WithoutTrial_MapsNothing()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { TryMapping = false } };
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.SingleNat, null), (verdict.Kind, verdict.Mapping));
        Assert.All(net.Mappers.Values, mapper => Assert.Empty(mapper.Mapped));
    }

    [Fact]
    public async Task Examine_WithKnownMapping_MapsNothingAndBelievesIt()
    {
        var known = new MappingTrial { Method = PortMappingMethod.NatPmp, Refusal = BtmmErrorReason.PortMappingOutOfResources };
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { KnownMapping = known } };
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.NoMapping, known), (verdict.Kind, verdict.Mapping));
        Assert.All(net.Mappers.Values, mapper => Assert.Empty(mapper.Mapped));
    }

    [Fact]
    public async Task Examine_EndedByTheUserWhileMapping_GivesTheMappingBack()
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].MapDelay = TimeSpan.FromSeconds(1);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(900), net.Clock);
        Task<GatewayVerdict> examination = net.Start(stop.Token);
        await net.Clock.RunUntilAsync(() => examination.IsCompleted, TimeSpan.FromMinutes(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => examination);
        Assert.Single(net.Mappers[PortMappingMethod.Pcp].Deleted);
        Assert.Empty(net.Mappers[PortMappingMethod.NatPmp].Mapped);
        Assert.All(net.Mappers.Values, mapper => Assert.True(mapper.IsDisposed));
    }

    [Fact]
    public async Task Examine_MappingNotGivenBack_IsInTheEvidence()
    {
        await using var net = new ExaminerFixture();
        net.Mappers[PortMappingMethod.Pcp].DeleteError = BtmmErrorReason.Timeout;
        net.Mappers[PortMappingMethod.Pcp].IsPermanent = true;
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Mapping && e.Answer.Contains("must be removed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Examine_SecondGateway_IsNamedByTheHopsAndAsked()
    {
        await using var net = new ExaminerFixture();
        net.Hops = new FakeHopFinder(net.Clock, "192.168.1.1", "192.168.0.1", "203.0.113.1");
        foreach (ScriptedMapper mapper in net.Mappers.Values) mapper.External = IPAddress.Parse("192.168.0.50");
        await using FakeStunServer server = Nat(net, "203.0.113.9");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.DoubleNat, verdict.Kind);
        Assert.Equal(("192.168.1.1", "192.168.0.1"), ($"{verdict.Inner?.Address}", $"{verdict.Outer?.Address}"));
        Assert.Contains(net.Opened, route => $"{route.Gateway}" == "192.168.0.1");
        Assert.All(net.Hops.Asked, asked => Assert.Equal("203.0.113.53", $"{asked.Destination}"));
    }

    [Fact]
    public async Task Examine_WithoutServers_AsksTheWayToNobody()
    {
        await using var net = new ExaminerFixture();
        net.SilenceGateway();
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.NoMapping, verdict.Kind);
        Assert.All(net.Hops.Asked, asked => Assert.Equal(PortalProbe.Nobody, asked.Destination));
        Assert.Empty(net.Wire.Sent);
        Assert.All(net.Wire.Connects, tried => Assert.Equal(new IPEndPoint(PortalProbe.Nobody, 80), tried.To));
        Assert.True(verdict.Duration < TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Examine_EndOfTheWayNearby_IsNoRouter()
    {
        await using var net = new ExaminerFixture();
        net.SilenceGateway();
        net.Hops = new FakeHopFinder(net.Clock, "192.168.1.1", "192.168.7.7") { DestinationAt = 2 };
        Assert.Equal(GatewayVerdictKind.NoMapping, (await net.ExamineAsync()).Kind);
    }

    [Fact]
    public async Task Examine_SymmetricNatWithoutMapping_IsSymmetric()
    {
        await using var net = new ExaminerFixture();
        net.SilenceGateway();
        await using FakeStunServer server = Nat(net, "203.0.113.9");
        server.Map = (client, at) => new(IPAddress.Parse("203.0.113.9"), (client.Port ^ at.Port) + at.Address.GetAddressBytes()[3]);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.SymmetricNat, verdict.Kind);
        Assert.True(verdict.NatBehaviour.IsSymmetric);
    }

    [Fact]
    public async Task Examine_UdpSilentAndTcpConnected_IsUdpBlocked()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.SilenceGateway();
        net.Serve("203.0.113.53", 3478, "");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.UdpBlocked, verdict.Kind);
        Assert.Equal("203.0.113.1", $"{verdict.Box?.Address}");
        Assert.True(verdict.Duration < TimeSpan.FromSeconds(3), $"{verdict.Duration}");
    }

    [Fact]
    public async Task Examine_HostThatRefusesToSendUdp_IsNamedItself()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.RefusesToSend = true;
        net.Serve("203.0.113.53", 3478, "");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.UdpBlocked, GatewayBoxRole.Host), (verdict.Kind, verdict.Box?.Role));
        Assert.Empty(net.Wire.Sent);
    }

    [Fact]
    public async Task Examine_UdpSilentAndTcpRefused_IsNotCalledBlocked()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Wire.Host("203.0.113.53");
        Assert.Equal(GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    [Fact]
    public async Task Examine_NoRoute_SendsNothing()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Gateways.Clear();
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.Unknown, "There is no IPv4 default gateway."), (verdict.Kind, verdict.Summary));
        Assert.Empty(net.Wire.Sent);
        Assert.Empty(net.Wire.Connects);
    }

    [Fact]
    public async Task Examine_OnlyIPv6_SaysSoAndSendsNothing()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Gateways.Clear();
        net.Gateways.SetV6("fe80::1", "2001:db8::9");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.Unknown, "the gateway fe80::1", "2001:db8::9"), (verdict.Kind, $"{verdict.Box}", $"{verdict.LocalAddress}"));
        Assert.StartsWith("This network has IPv6 only", verdict.Summary, StringComparison.Ordinal);
        Assert.StartsWith("Turn on IPv4 in the settings of the gateway fe80::1", verdict.Remedy, StringComparison.Ordinal);
        Assert.Equal(["no default route", "gateway fe80::1 by eth2, own address 2001:db8::9"], verdict.Evidence.Select(e => e.Answer));
        Assert.Empty(net.Wire.Sent);
    }

    [Fact]
    public async Task Examine_PublicAddressBehindAFirewall_IsNotReachableAndNamesThePort()
    {
        await using var net = new ExaminerFixture("198.51.100.9") { Options = new GatewayExaminerOptions { Port = 45999 } };
        net.SilenceGateway();
        await using FakeStunServer server = Nat(net, "198.51.100.9");
        server.LetsIn = _ => false;
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.DirectPublic, false), (verdict.Kind, verdict.IsReachable));
        Assert.Contains("UDP port 45999 in the firewall of this host (198.51.100.9)", verdict.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examine_AddressGone_IsAVerdictNotAnException()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Gateways.Set("192.168.1.1", "192.168.1.101");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Stun && e.Who == "this host");
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Mapping && e.Who == "this host");
        // What the gateway answered is not lost with it.
        Assert.Equal((GatewayVerdictKind.SingleNat, "203.0.113.9", null), (verdict.Kind, $"{verdict.ExternalAddress}", verdict.Mapping));
    }

    [Fact]
    public async Task Examine_EverythingSilent_EndsInTime()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.SilenceGateway();
        net.Hops = new FakeHopFinder(net.Clock);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.Unknown, verdict.Kind);
        Assert.True(verdict.Duration < TimeSpan.FromSeconds(3), $"{verdict.Duration}");
    }

    [Fact]
    public async Task Examine_ZoneServerWithoutStun_ShowsByDnsThatUdpPasses()
    {
        await using var net = new ExaminerFixture { Options = ZoneOptions };
        net.Serve("203.0.113.53", 53, "");
        await using var dns = new FakeNameServer(net.Wire, net.Clock, "203.0.113.53")
        {
            Answer = static request => [FakeNameServer.Reply(request, DnsRcode.NXDomain)],
        };
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.SingleNat, verdict.Kind);
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Dns && e.Answer.StartsWith("NXDomain", StringComparison.Ordinal));
    }

    // Many a guest network answers DNS itself and drops whatever else comes to its port.
    [Fact]
    public async Task Examine_OnlyDnsIsAnswered_IsUdpBlocked()
    {
        await using var net = new ExaminerFixture { Options = ZoneOptions with { StunServers = [IPEndPoint.Parse(Server)] } };
        net.SilenceGateway();
        net.Hops = new FakeHopFinder(net.Clock, "192.168.1.1", null, null);
        net.Serve("203.0.113.53", 3478, "");
        await using var dns = new FakeNameServer(net.Wire, net.Clock, "203.0.113.53")
        {
            Answer = static request => [FakeNameServer.Reply(request, DnsRcode.NXDomain)],
        };
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal((GatewayVerdictKind.UdpBlocked, "192.168.1.1"), (verdict.Kind, $"{verdict.Box?.Address}"));
        Assert.Contains("UDP other than DNS", verdict.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("203.0.113.1", 0)]
    [InlineData("203.0.113.53", 2)]
    public async Task Examine_NamedServerIsAWebSiteOnly_IsNotCalledBlocked(string second, int destinationAt)
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Hops = new FakeHopFinder(net.Clock, "192.168.1.1", second) { DestinationAt = destinationAt };
        net.Serve("203.0.113.53", 443, "");
        Assert.Equal(GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    [Theory]
    [InlineData("10.0.0.1", GatewayVerdictKind.CaptivePortal)]
    [InlineData("203.0.113.5", GatewayVerdictKind.SingleNat)]
    public async Task Examine_NameThatDoesNotExistHasAnAddress_IsAPortalWhenItIsPrivate(string address, GatewayVerdictKind kind)
    {
        await using var net = new ExaminerFixture { Options = ZoneOptions };
        await using var dns = new FakeNameServer(net.Wire, net.Clock, "203.0.113.53")
        {
            Answer = request => [FakeNameServer.Reply(request, answers: new DnsRecord(request.Questions[0].Name, 60, new AData(IPAddress.Parse(address))))],
        };
        Assert.Equal(kind, (await net.ExamineAsync()).Kind);
    }

    private static GatewayExaminerOptions ZoneOptions => new()
    {
        ZoneServers = [IPEndPoint.Parse("203.0.113.53:53")],
        Zone = DnsName.Parse("alice.example.net"),
    };

    /// <summary>A NAT whose outer address is given, with a STUN server of two addresses beyond it, which is asked.</summary>
    private static FakeStunServer Nat(ExaminerFixture net, string outer)
    {
        net.Options = net.Options with { StunServers = [IPEndPoint.Parse(Server)] };
        return new FakeStunServer(net.Wire, Server, "203.0.113.54:3479") { Map = (client, _) => new(IPAddress.Parse(outer), client.Port) };
    }
}
