using System.Globalization;
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
