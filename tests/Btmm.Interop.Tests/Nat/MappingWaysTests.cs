using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>
/// Each protocol alone with a real miniupnpd, judged by the daemon's own lease file and by datagrams from outside. What the daemon
/// does with all protocols on is in <see cref="MiniupnpdTests"/>.
/// </summary>
public sealed class MappingWaysTests(WaysFixture fixture) : IClassFixture<WaysFixture>
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>So that a lost announcement costs no half minute.</summary>
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Ways => [.. MappingWay.All.Select(way => way.Name)];

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_ProtocolAlone_MappedReachableAndReleased(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41101;
        TimeSpan took;
        await using (LabKeeper host = new(lab, on.Host, port, method: on.Method))
        {
            took = await host.AvailableAsync(on.Address);
            Assert.Equal(port, host.State.Endpoint?.Port);
            string lease = Assert.Single(LabReach.Leases(lab, on.Gateway, port));
            Assert.InRange(LabReach.Expiry(lease) - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 3590, 3600);
            await LabReach.AssertReachableAsync(lab, on.Host, port, host.State.Endpoint);
            Assert.True(await host.Keeper.StopAsync());
        }

        Assert.Empty(LabReach.Leases(lab, on.Gateway, port));
        return $"first endpoint: {took.TotalSeconds:F2} s";
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_ShortLifetime_LeaseIsRenewedInTheDaemon(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41102;
        await using LabKeeper host = new(lab, on.Host, port, lifetime: TimeSpan.FromSeconds(10), method: on.Method);
        await host.AvailableAsync(on.Address);
        long first = LabReach.Expiry(Assert.Single(LabReach.Leases(lab, on.Gateway, port)));
        await Eventually.HoldsAsync(
            () => LabReach.Leases(lab, on.Gateway, port) is [var lease] && LabReach.Expiry(lease) >= first + 10, "a lease renewed twice", s_limit);
        Assert.Equal(EndpointPhase.Available, host.State.Phase);
        await LabReach.AssertReachableAsync(lab, on.Host, port, host.State.Endpoint);
        return "renewed twice";
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_GatewayForgetsAll_MappedAgain(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41103;
        await using LabKeeper host = new(lab, on.Host, port, pollInterval: s_pollInterval, method: on.Method);
        await host.AvailableAsync(on.Address);
        await Task.Delay(TimeSpan.FromSeconds(5)); // So that an epoch of 0 is a step back beyond the tolerance of 2 s.
        lab.Reboot(on.Gateway);
        TimeSpan took = await Eventually.HoldsAsync(
            () => LabReach.Leases(lab, on.Gateway, port).Count == 1, () => $"the mapping in the lease file; {host.State.Message}", s_limit);
        await LabReach.AssertReachableAsync(lab, on.Host, port, host.State.Endpoint);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(on.Address), port), host.State.Endpoint);
        return $"mapped again after the reboot: {took.TotalSeconds:F2} s";
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_GatewayChangesAddress_EndpointFollows(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41104;
        await using LabKeeper host = new(lab, on.Host, port, pollInterval: s_pollInterval, method: on.Method);
        await host.AvailableAsync(on.Address);
        TimeSpan took;
        lab.Readdress(on.Gateway, on.OtherAddress);
        try
        {
            took = await host.AvailableAsync(on.OtherAddress);
            await LabReach.AssertReachableAsync(lab, on.Host, port, host.State.Endpoint);
        }
        finally
        {
            lab.Readdress(on.Gateway, on.Address);
        }

        await host.AvailableAsync(on.Address);
        return $"new address told: {took.TotalSeconds:F2} s";
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_DaemonDenies_SaysSoAndMapsOnceAllowed(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41105;
        lab.MappingDaemon(on.Gateway, "deny");
        await using LabKeeper host = new(lab, on.Host, port, method: on.Method);
        TimeSpan took;
        try
        {
            took = await host.UnavailableAsync(BtmmErrorReason.PortMappingNotAuthorized);
            Assert.NotEmpty(host.State.Remedy);
            Assert.Empty(LabReach.Leases(lab, on.Gateway, port));
        }
        finally
        {
            lab.SpeakOnly(on.Gateway, on.Name);
        }

        // The daemon announces its start by PCP only.
        if (on.Method != PortMappingMethod.Pcp) host.Keeper.CheckNow();
        TimeSpan allowed = await host.AvailableAsync(on.Address);
        return $"refused after {took.TotalSeconds:F2} s; endpoint once allowed: {allowed.TotalSeconds:F2} s";
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Keeper_AnswersFromAnotherPort_Mapped(string way) => RunAsync(way, async (lab, on) =>
    {
        const int port = 41106;
        lab.AnswerOddly(on.Gateway, "port");
        try
        {
            await using LabKeeper host = new(lab, on.Host, port, method: on.Method);
            TimeSpan took = await host.AvailableAsync(on.Address);
            Assert.Single(LabReach.Leases(lab, on.Gateway, port));
            return $"endpoint: {took.TotalSeconds:F2} s";
        }
        finally
        {
            lab.AnswerOddly(on.Gateway, "off");
        }
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Mapper_AnswersFromAnotherAddress_NotBelieved(string way) => RunAsync(way, async (lab, on) =>
    {
        lab.AnswerOddly(on.Gateway, "address");
        try
        {
            await using IPortMapper mapper = Open(lab, on);
            Stopwatch clock = Stopwatch.StartNew();
            BtmmException e = await Assert.ThrowsAnyAsync<BtmmException>(() => mapper.QueryAsync(ExchangeEffort.Brief, CancellationToken.None));
            Assert.Contains(e.Reason, new[] { BtmmErrorReason.PortMappingUnsupported, BtmmErrorReason.Timeout });
            return $"given up after {clock.Elapsed.TotalSeconds:F2} s: {e.Message}";
        }
        finally
        {
            lab.AnswerOddly(on.Gateway, "off");
        }
    });

    [Theory, MemberData(nameof(Ways))]
    public Task Mapper_Tcp_AnotherExternalPortAndReleased(string way) => RunAsync(way, async (lab, on) =>
    {
        await using IPortMapper mapper = Open(lab, on);
        GatewayAnswer answer = await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(on.Method, answer.Method);
        PortMapping mapping = await mapper.MapAsync(
            new PortMappingRequest(PortMappingProtocol.Tcp, 8080, 18080, TimeSpan.FromMinutes(10)), ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal((on.Method, 18080, TimeSpan.FromMinutes(10)), (mapping.Method, mapping.ExternalPort, mapping.Lifetime));
        string lease = Assert.Single(LabReach.Leases(lab, on.Gateway, 8080, "TCP"));
        Assert.StartsWith($"TCP:18080:{lab.AddressOf(on.Host)}:8080:", lease, StringComparison.Ordinal);
        await mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Empty(LabReach.Leases(lab, on.Gateway, 8080, "TCP"));
        await mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None); // What is gone is no error.
        return $"asked in {answer.RoundTrip.TotalMilliseconds:F1} ms";
    });

    private Task RunAsync(string way, Func<Lab, MappingWay, Task<string>> run, [CallerMemberName] string scenario = "") =>
        fixture.RunAsync(scenario, way, run);

    private static IPortMapper Open(Lab lab, MappingWay on)
    {
        NamespaceNetwork network = lab.Network(on.Host);
        return LabMappers.Open(on.Method, LabMappers.Route(network), LabMappers.Services(network));
    }
}
