using System.Diagnostics;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>Port mapping with a real miniupnpd, judged by the daemon's own lease file and by datagrams from outside.</summary>
public sealed class MiniupnpdTests(LabFixture fixture) : IClassFixture<LabFixture>
{
    private const string Home = "203.0.113.10";
    private const string Cafe = "198.51.100.20";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Client_AddressMapDelete_MiniupnpdAgrees()
    {
        Lab lab = fixture.Require();
        NamespaceNetwork network = lab.Network("mini");
        await using NatPmpClient client = new(LabMappers.Route(network), network, TimeProvider.System);
        GatewayAnswer address = await client.GetExternalAddressAsync(CancellationToken.None);
        Assert.Equal(lab.AddressOf("gw-home"), address.ExternalAddress);
        Assert.Equal(ExternalAddressKind.Public, address.Kind);
        PortMapping mapping = await client.MapAsync(
            new PortMappingRequest(PortMappingProtocol.Tcp, 8080, 18080, TimeSpan.FromMinutes(10)), CancellationToken.None);
        Assert.Equal(18080, mapping.ExternalPort);
        Assert.Equal(TimeSpan.FromMinutes(10), mapping.Lifetime);
        Assert.Contains(lab.Leases("gw-home"), lease => lease.StartsWith("TCP:18080:192.168.1.101:8080:", StringComparison.Ordinal));
        await client.DeleteAsync(PortMappingProtocol.Tcp, 8080, CancellationToken.None);
        Assert.DoesNotContain(lab.Leases("gw-home"), lease => lease.Contains(":8080:", StringComparison.Ordinal));
        await client.DeleteAsync(PortMappingProtocol.Tcp, 8080, CancellationToken.None);
    }

    [Fact]
    public async Task Keeper_HostBehindGateway_MappedReachableAndReleased()
    {
        Lab lab = fixture.Require();
        const int port = 41001;
        await using (LabKeeper host = new(lab, "studio", port))
        {
            Report("first endpoint", await host.AvailableAsync(Home));
            Assert.Equal(port, host.State.Endpoint?.Port);
            Assert.Single(LabReach.Leases(lab, "gw-home", port));
            await LabReach.AssertReachableAsync(lab, "studio", port, host.State.Endpoint);
            Assert.True(await host.Keeper.StopAsync());
        }

        Assert.Empty(LabReach.Leases(lab, "gw-home", port));
    }

    [Fact]
    public async Task Keeper_TwoHostsWantOnePort_EachGetsItsOwn()
    {
        Lab lab = fixture.Require();
        const int port = 41010;
        await using LabKeeper studio = new(lab, "studio", port);
        await studio.AvailableAsync(Home);
        await using LabKeeper mini = new(lab, "mini", port);
        await mini.AvailableAsync(Home);
        Assert.NotEqual(studio.State.Endpoint, mini.State.Endpoint);
        Assert.Equal(2, LabReach.Leases(lab, "gw-home", port).Count);
    }

    [Fact]
    public async Task Keeper_ShortLifetime_LeaseIsRenewedInTheDaemon()
    {
        Lab lab = fixture.Require();
        const int port = 41020;
        await using LabKeeper host = new(lab, "studio", port, lifetime: TimeSpan.FromSeconds(10));
        await host.AvailableAsync(Home);
        long first = LabReach.Expiry(Assert.Single(LabReach.Leases(lab, "gw-home", port)));
        await Eventually.HoldsAsync(
            () => LabReach.Leases(lab, "gw-home", port) is [var lease] && LabReach.Expiry(lease) >= first + 10, "a lease renewed twice", s_limit);
        Assert.Equal(EndpointPhase.Available, host.State.Phase);
        await LabReach.AssertReachableAsync(lab, "studio", port, host.State.Endpoint);
    }

    [Fact]
    public async Task Keeper_DaemonRestarts_MappingSurvives()
    {
        Lab lab = fixture.Require();
        const int port = 41030;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        lab.MappingDaemon("gw-cafe", "restart");
        Assert.Single(LabReach.Leases(lab, "gw-cafe", port));
        await LabReach.AssertReachableAsync(lab, "laptop", port, host.State.Endpoint);
        Assert.Equal(EndpointPhase.Available, host.State.Phase);
    }

    [Fact]
    public async Task Keeper_GatewayForgetsAll_MappedAgain()
    {
        Lab lab = fixture.Require();
        const int port = 41040;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        await Task.Delay(TimeSpan.FromSeconds(5)); // So that an epoch of 0 is a step back beyond the tolerance of 2 s.
        Stopwatch reboot = Stopwatch.StartNew();
        lab.Reboot("gw-cafe");
        Report("the reboot itself", reboot.Elapsed);
        Report("mapped again after the reboot", await Eventually.HoldsAsync(
            () => LabReach.Leases(lab, "gw-cafe", port).Count == 1, "the mapping in the lease file", s_limit));
        await LabReach.AssertReachableAsync(lab, "laptop", port, host.State.Endpoint);
        Assert.Equal(IPEndPoint.Parse($"{Cafe}:{port}"), host.State.Endpoint);
    }

    [Fact]
    public async Task Keeper_GatewayForgetsAllAndDataPathSuspects_MappedAgainSooner()
    {
        Lab lab = fixture.Require();
        const int port = 41045;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        lab.Reboot("gw-cafe");
        host.Keeper.CheckNow();
        Report("mapped again after a reboot and a suspicion", await Eventually.HoldsAsync(
            () => LabReach.Leases(lab, "gw-cafe", port).Count == 1, "the mapping in the lease file", s_limit));
    }

    [Fact]
    public async Task Keeper_GatewayChangesAddress_EndpointFollows()
    {
        Lab lab = fixture.Require();
        const int port = 41050;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        lab.Readdress("gw-cafe", "198.51.100.77");
        try
        {
            Report("new address told", await host.AvailableAsync("198.51.100.77"));
            await LabReach.AssertReachableAsync(lab, "laptop", port, host.State.Endpoint);
        }
        finally
        {
            lab.Readdress("gw-cafe", Cafe);
        }

        await host.AvailableAsync(Cafe);
    }

    [Fact]
    public async Task Keeper_HostRoams_MappedOnTheNewGateway()
    {
        Lab lab = fixture.Require();
        const int port = 41060;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        lab.Roam("laptop", "hotel");
        try
        {
            Report("endpoint on the new network", await host.AvailableAsync("198.51.100.30"));
            Assert.Single(LabReach.Leases(lab, "gw-hotel", port));
            await LabReach.AssertReachableAsync(lab, "laptop", port, host.State.Endpoint);
        }
        finally
        {
            lab.Roam("laptop", "cafe");
        }

        Report("endpoint back on the old network", await host.AvailableAsync(Cafe));
    }

    [Fact]
    public async Task Keeper_HostRoamsToAPublicAddress_EndpointIsItsOwn()
    {
        Lab lab = fixture.Require();
        const int port = 41070;
        await using LabKeeper host = new(lab, "laptop", port);
        await host.AvailableAsync(Cafe);
        lab.Roam("laptop", "pub2");
        try
        {
            await host.AvailableAsync("198.51.100.102");
            Assert.Equal(EndpointCandidateKind.DirectPublic, host.State.Candidates[0].Kind);
            await LabReach.AssertReachableAsync(lab, "laptop", port, host.State.Endpoint);
        }
        finally
        {
            lab.Roam("laptop", "cafe");
        }
    }

    [Fact]
    public async Task Keeper_GatewayBehindGateway_DoubleNatAndNothingOffered()
    {
        Lab lab = fixture.Require();
        const int port = 41080;
        await using LabKeeper host = new(lab, "attic", port);
        await host.UnavailableAsync(BtmmErrorReason.DoubleNat);
        Assert.Equal(lab.AddressOf("gw-inner"), host.State.ExternalAddress);
        Assert.Null(host.State.Endpoint);
        Assert.Empty(LabReach.Leases(lab, "gw-inner", port));
    }

    [Theory]
    [InlineData("deny", BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData("nostun", BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData("off", BtmmErrorReason.PortMappingUnsupported)]
    public async Task Keeper_GatewayWithoutMapping_SaysWhyAndRecovers(string action, BtmmErrorReason reason)
    {
        Lab lab = fixture.Require();
        const int port = 41090;
        lab.MappingDaemon("gw-cafe", action);
        await using LabKeeper host = new(lab, "laptop", port);
        try
        {
            await host.UnavailableAsync(reason);
            Assert.NotEmpty(host.State.Remedy);
            Assert.Empty(LabReach.Leases(lab, "gw-cafe", port));
        }
        finally
        {
            lab.MappingDaemon("gw-cafe", "on");
        }

        Report($"endpoint after \"{action}\" ended", await host.AvailableAsync(Cafe));
    }

    private static void Report(string what, TimeSpan took) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {took.TotalSeconds:F2} s");
}
