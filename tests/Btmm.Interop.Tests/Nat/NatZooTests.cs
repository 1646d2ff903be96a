using System.Globalization;
using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Protocol.Dns;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>
/// The verdict on every kind of NAT, with daemons and firewalls that are real. Prints a table: what was found, on which box, by
/// which evidence, in how many seconds.
/// </summary>
public sealed class NatZooTests(ZooFixture fixture) : IClassFixture<ZooFixture>
{
    /// <summary>Examinations mostly wait; on two processors more of them would wait for each other.</summary>
    private const int AtATime = 3;

    /// <summary>Gateways that were asked for a trial mapping; none may be left on them.</summary>
    private static readonly string[] s_mappingGateways = ["gw-home", "gw-cafe", "gw-inner", "gw-annex", "gw-cgn-naive", "gw-six"];

    /// <summary>Stands in gw-plain, on the inner side: see tests/lab/zoo.sh.</summary>
    private static readonly IPEndPoint s_stunInPlain = IPEndPoint.Parse("192.168.21.1:3478");

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public Task Examiner_EveryKindWithTheZoneService_VerdictIsRight() => ExamineAllAsync("the zone service", isAlone: false, new GatewayExaminerOptions
    {
        ZoneServers = [ZooFixture.ZoneServer],
        StunServers = [ZooFixture.ZoneStun],
        Zone = DnsName.Parse(ZooFixture.Domain),
    });

    [Fact]
    public async Task Examiner_EveryKindWithANamedStunServer_VerdictIsRight()
    {
        await fixture.RequireNamedStunAsync();
        await ExamineAllAsync("a STUN server that the user names (coturn)", isAlone: false, new GatewayExaminerOptions { StunServers = [ZooFixture.NamedStun] });
    }

    [Theory]
    [InlineData("plain", GatewayVerdictKind.NoMapping, NatMappingBehaviour.EndpointIndependent)]
    [InlineData("random", GatewayVerdictKind.SymmetricNat, NatMappingBehaviour.AddressAndPortDependent)]
    public async Task Examiner_StunServerOfTheFirstEdition_TellsTheBehaviour(string host, GatewayVerdictKind kind, NatMappingBehaviour behaviour)
    {
        Lab lab = fixture.Require();
        GatewayVerdict verdict = await ExamineAsync(lab, host, new GatewayExaminerOptions { StunServers = [ZooFixture.OldStun] });
        Assert.Equal((kind, behaviour), (verdict.Kind, verdict.NatBehaviour.Mapping));
        Assert.Equal(NatFilteringBehaviour.AddressAndPortDependent, verdict.NatBehaviour.Filtering);
    }

    [Fact]
    public Task Examiner_EveryKindWithoutServers_WhatCanBeToldIsRight() =>
        ExamineAllAsync("no server", isAlone: true, new GatewayExaminerOptions());

    [Fact]
    public async Task Examiner_HostThatDropsUdpItself_NamesTheHost()
    {
        Lab lab = fixture.Require();
        lab.Exec("plain", "nft", "add table inet mute; add chain inet mute out { type filter hook output priority 0; }; add rule inet mute out meta l4proto udp drop").Require();
        try
        {
            GatewayVerdict verdict = await ExamineAsync(lab, "plain", new GatewayExaminerOptions { StunServers = [ZooFixture.ZoneServer] });
            Assert.Equal((GatewayVerdictKind.UdpBlocked, GatewayBoxRole.Host), (verdict.Kind, verdict.Box?.Role));
        }
        finally
        {
            lab.Exec("plain", "nft", "delete table inet mute").Require();
        }
    }

    [Fact]
    public async Task Examiner_ServerInsideTheNetworkToo_IsNotComparedWithTheOneOutside()
    {
        Lab lab = fixture.Require();
        GatewayVerdict verdict = await ExamineAsync(lab, "plain", new GatewayExaminerOptions { StunServers = [s_stunInPlain, ZooFixture.ZoneStun] });
        Assert.Equal((GatewayVerdictKind.NoMapping, NatMappingBehaviour.EndpointIndependent), (verdict.Kind, verdict.NatBehaviour.Mapping));
        Assert.Equal(NatFilteringBehaviour.AddressAndPortDependent, verdict.NatBehaviour.Filtering);
        Assert.Equal("198.51.100.61", $"{verdict.PublicAddress}");
        Assert.Equal(2, verdict.Evidence.Count(e => e.Step == GatewayStep.Stun && e.Answer.StartsWith("sees", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Examiner_PortalThatAnswers511_IsFound()
    {
        Lab lab = fixture.Require();
        lab.Portal("gw-portal", "511");
        try
        {
            GatewayVerdict verdict = await ExamineAsync(lab, "guest", new GatewayExaminerOptions { StunServers = [ZooFixture.ZoneStun] });
            Assert.Equal((GatewayVerdictKind.CaptivePortal, "192.168.24.1"), (verdict.Kind, $"{verdict.Box?.Address}"));
            Assert.StartsWith("Open any http page", verdict.Remedy, StringComparison.Ordinal);
        }
        finally
        {
            lab.Portal("gw-portal", "302");
        }
    }

    [Fact]
    public async Task Examiner_FilterThatLooksIntoDns_IsUdpBlocked()
    {
        Lab lab = fixture.Require();
        lab.Block("gw-narrow", "not-dns");
        try
        {
            GatewayVerdict verdict = await ExamineAsync(lab, "narrow", new GatewayExaminerOptions
            {
                ZoneServers = [ZooFixture.ZoneServer],
                StunServers = [ZooFixture.ZoneStun],
                Zone = DnsName.Parse(ZooFixture.Domain),
            });
            Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Dns && e.Answer.EndsWith("for a name that does not exist", StringComparison.Ordinal));
            Assert.DoesNotContain(verdict.Evidence, e => e.Step == GatewayStep.Stun && e.Answer.StartsWith("sees", StringComparison.Ordinal));
            Assert.Equal((GatewayVerdictKind.UdpBlocked, "192.168.32.1"), (verdict.Kind, $"{verdict.Box?.Address}"));
        }
        finally
        {
            lab.Block("gw-narrow", "udp");
        }
    }

    [Theory]
    [InlineData("studio", GatewayVerdictKind.SingleNat)]
    [InlineData("mute", GatewayVerdictKind.UdpBlocked)]
    public async Task Examiner_NamedServerIsAWebSiteOnly_BlamesTheNetworkOnlyWhereUdpGetsNoFurther(string host, GatewayVerdictKind kind)
    {
        Lab lab = fixture.Require();
        IPEndPoint site = new(lab.AddressOf("server"), 443);
        const string Web = "my $l=IO::Socket::INET->new(LocalPort=>443,Listen=>9,ReuseAddr=>1) or die; while (1) { close $l->accept }";
        await using DaemonProcess web = lab.StartDaemon("server", "perl", "-MIO::Socket::INET", "-e", Web);
        await Eventually.HoldsAsync(() => lab.Exec("server", "ss", "-lnt").Require().Contains(":443 ", StringComparison.Ordinal), "the site", s_patience);
        GatewayVerdict verdict = await ExamineAsync(lab, host, new GatewayExaminerOptions { StunServers = [new IPEndPoint(site.Address, 3478)] });
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Tcp && e.Who == $"{site}" && e.Answer == "connected");
        Assert.Equal(kind, verdict.Kind);
    }

    [Fact]
    public async Task Examiner_EndedAtAnyMoment_LeavesNoMapping()
    {
        Lab lab = fixture.Require();
        int ended = 0;
        for (int milliseconds = 0; milliseconds <= 600; milliseconds += 25)
        {
            using var stop = new CancellationTokenSource(milliseconds);
            try
            {
                await ExamineAsync(lab, "studio", new GatewayExaminerOptions(), stop.Token);
            }
            catch (OperationCanceledException)
            {
                ended++;
            }

            Assert.Empty(lab.Leases("gw-home"));
        }

        Assert.NotEqual(0, ended);
    }

    private async Task ExamineAllAsync(string by, bool isAlone, GatewayExaminerOptions options)
    {
        Lab lab = fixture.Require();
        await WaitForCarrierBoxAsync(lab);
        using SemaphoreSlim turns = new(AtATime);
        GatewayVerdict[] verdicts = await Task.WhenAll(ZooKind.All.Select(async kind =>
        {
            await turns.WaitAsync();
            try
            {
                return await ExamineAsync(lab, kind.Host, options);
            }
            finally
            {
                turns.Release();
            }
        }));
        Print($"With {by}:");
        Print($"  {"kind",-24} {"verdict",-13} {"s",4}  {"box",-36} evidence");
        for (int i = 0; i < verdicts.Length; i++) Print(Row(ZooKind.All[i], verdicts[i]));
        foreach (string gateway in s_mappingGateways) Assert.Empty(lab.Leases(gateway));
        string[] faults = [.. ZooKind.All.Select((kind, i) => kind.Fault(verdicts[i], isAlone)).Where(fault => fault.Length > 0)];
        if (faults.Length == 0) return;
        foreach ((ZooKind kind, GatewayVerdict verdict) in ZooKind.All.Zip(verdicts))
        {
            if (kind.Fault(verdict, isAlone).Length == 0) continue;
            Print($"{kind.Name}: {verdict.Summary} {verdict.Remedy}");
            // What led to a wrong verdict.
            foreach (GatewayEvidence evidence in verdict.Evidence) Print($"  {evidence}");
        }

        Assert.Fail(string.Join('\n', faults));
    }

    private static Task<GatewayVerdict> ExamineAsync(Lab lab, string host, GatewayExaminerOptions options, CancellationToken cancellationToken = default)
    {
        NamespaceNetwork network = lab.Network(host);
        PortMapperServices services = LabMappers.Services(network);
        var examiner = new GatewayExaminer(new GatewayExaminerParts
        {
            Gateways = network,
            OpenMapper = (method, route) => LabMappers.Open(method, route, services),
            Channels = network,
            Streams = network,
            Hops = network,
        });
        return examiner.ExamineAsync(options, cancellationToken);
    }

    /// <summary>gw-cgn-home answers nobody until it has found out that it is behind another NAT.</summary>
    private static Task WaitForCarrierBoxAsync(Lab lab) => Eventually.HoldsAsync(
        () => lab.Exec("gw-cgn-home", "ss", "-lnu").Require().Contains(":5351", StringComparison.Ordinal), "gw-cgn-home's daemon", s_patience);

    private static string Row(ZooKind kind, GatewayVerdict verdict)
    {
        string seconds = verdict.Duration.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
        return $"  {kind.Name,-24} {verdict.Kind,-13} {seconds,4}  {verdict.Box,-36} {Evidence(verdict)}";
    }

    /// <summary>What the verdict stands on, in a few words.</summary>
    private static string Evidence(GatewayVerdict verdict)
    {
        string mapping = verdict.Mapping switch
        {
            null => "no protocol answers",
            { Works: true } trial => $"{trial.Method} maps",
            var trial => $"{trial.Method}: {trial.Refusal}",
        };
        string hops = string.Join(" ", verdict.Evidence.Where(e => e.Step == GatewayStep.Hop).OrderBy(e => e.Who).Select(e => e.Answer.Split(',')[0]));
        return $"{mapping}; outside {verdict.ExternalAddress?.ToString() ?? "-"}; seen as {verdict.PublicAddress?.ToString() ?? "-"};"
            + $" {verdict.NatBehaviour.Mapping}; hops {hops}";
    }

    private static void Print(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
