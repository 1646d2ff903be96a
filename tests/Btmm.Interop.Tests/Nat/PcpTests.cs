using System.Diagnostics;
using System.Globalization;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>
/// What is special to PCP, with a real miniupnpd that speaks it alone: pinholes, nonces, announcements, PREFER_FAILURE; judged by the
/// daemon's lease files and by datagrams from outside.
/// </summary>
public sealed class PcpTests(PcpLab fixture) : IClassFixture<PcpLab>
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_reach = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task Pinhole_MadeAndReleased_OutsideGetsInOnlyMeanwhile()
    {
        Lab lab = fixture.Require();
        const int port = 42001;
        NamespaceNetwork network = lab.Network("six");
        GatewayRoute route = LabMappers.Route(network, ipv6: true);
        IPEndPoint endpoint = new(route.LocalAddress, port);
        Assert.True(route.Gateway.IsIPv6LinkLocal);
        await using PcpPortMapper mapper = new(route, LabMappers.Services(network));
        Assert.False(await LabReach.IsReachableAsync(lab, "six", port, endpoint, s_silence));

        Stopwatch took = Stopwatch.StartNew();
        GatewayAnswer answer = await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        PortMapping mapping = await mapper.MapAsync(Request(port), ExchangeEffort.Brisk, CancellationToken.None);
        Report($"asked ({answer.RoundTrip.TotalMilliseconds:F1} ms) and let through", took.Elapsed);
        Assert.Equal((route.LocalAddress, port), (mapping.ExternalAddress, mapping.ExternalPort));
        Assert.True(await LabReach.IsReachableAsync(lab, "six", port, endpoint, s_reach));
        Assert.Single(Pinholes(lab, port));

        await mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Empty(Pinholes(lab, port));
        Assert.False(await LabReach.IsReachableAsync(lab, "six", port, endpoint, s_silence));
    }

    [Fact]
    public async Task Pinhole_Renewed_StaysAndIsShortenedAtRelease()
    {
        Lab lab = fixture.Require();
        const int port = 42002;
        NamespaceNetwork network = lab.Network("six");
        GatewayRoute route = LabMappers.Route(network, ipv6: true);
        await using PcpPortMapper mapper = new(route, LabMappers.Services(network));
        await mapper.MapAsync(Request(port), ExchangeEffort.Brisk, CancellationToken.None);
        PortMapping renewed = await mapper.MapAsync(Request(port), ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(s_lifetime, renewed.Lifetime);
        Assert.True(await LabReach.IsReachableAsync(lab, "six", port, new IPEndPoint(route.LocalAddress, port), s_reach));

        // miniupnpd 2.3.1 loses the nonce of a pinhole when it is renewed, and lets nobody delete it.
        await using PcpClient client = new(route, network, SystemRandomSource.Instance, TimeProvider.System);
        BtmmException refused = await Assert.ThrowsAsync<BtmmException>(
            () => client.DeleteAsync(PortMappingProtocol.Udp, port, renewed.Nonce.GetValueOrDefault(), CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, refused.Reason);
        await mapper.DeleteAsync(renewed, ExchangeEffort.Brisk, CancellationToken.None);
        string log = lab.Log("miniupnpd-gw-six");
        Assert.Contains(FormattableString.Invariant($"updating pinhole to {route.LocalAddress}:{port} UDP"), log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delete_WithAnotherNonce_IsRefusedAndTheMappingStays(bool ipv6)
    {
        Lab lab = fixture.Require();
        int port = ipv6 ? 42011 : 42010;
        NamespaceNetwork network = lab.Network("six");
        GatewayRoute route = LabMappers.Route(network, ipv6);
        await using PcpPortMapper owner = new(route, LabMappers.Services(network));
        PortMapping mapping = await owner.MapAsync(Request(port), ExchangeEffort.Brisk, CancellationToken.None);
        PcpNonce other = PcpNonce.Create(SystemRandomSource.Instance);
        await using PcpClient client = new(route, network, SystemRandomSource.Instance, TimeProvider.System);
        BtmmException e = await Assert.ThrowsAsync<BtmmException>(
            () => client.DeleteAsync(PortMappingProtocol.Udp, port, other, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, e.Reason);
        Assert.Equal((int)PcpResult.NotAuthorized, e.ProtocolCode);
        Assert.Single(ipv6 ? Pinholes(lab, port) : Leases(lab, "gw-six", port));
        await owner.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Empty(ipv6 ? Pinholes(lab, port) : Leases(lab, "gw-six", port));
        await owner.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None); // Of IPv4, "no resources": there is none.
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Announcement_DaemonRestarts_IsHeard(bool ipv6)
    {
        Lab lab = fixture.Require();
        NamespaceNetwork network = lab.Network("six");
        await using PcpPortMapper mapper = new(LabMappers.Route(network, ipv6), LabMappers.Services(network));
        await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        Stopwatch took = Stopwatch.StartNew();
        lab.MappingDaemon("gw-six", "restart");
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        GatewayAnnouncement heard = await mapper.Announcements.ReadAsync(limit.Token);
        Report("heard after the restart began", took.Elapsed);
        Assert.True(heard.StateLost);
    }

    [Fact]
    public async Task PreferFailure_TakenPort_ConflictAndOnlyTheOthersMapping()
    {
        Lab lab = fixture.Require();
        const int taken = 42030;
        await using PcpPortMapper mini = new(LabMappers.Route(lab.Network("mini"), ipv6: false), LabMappers.Services(lab.Network("mini")));
        await using PcpPortMapper studio = new(LabMappers.Route(lab.Network("studio"), ipv6: false), LabMappers.Services(lab.Network("studio")));
        PortMapping first = await mini.MapAsync(Request(taken), ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(taken, first.ExternalPort);
        PortMappingRequest wanted = Request(42031) with { SuggestedExternalPort = taken, PreferFailure = true };
        Stopwatch took = Stopwatch.StartNew();
        BtmmException e = await Assert.ThrowsAsync<BtmmException>(() => studio.MapAsync(wanted, ExchangeEffort.Brisk, CancellationToken.None));
        Report("refused", took.Elapsed);
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Empty(Leases(lab, "gw-home", 42031));
        PortMapping free = await studio.MapAsync(wanted with { SuggestedExternalPort = 42032 }, ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(42032, free.ExternalPort);
        await mini.DeleteAsync(first, ExchangeEffort.Brisk, CancellationToken.None);
        await studio.DeleteAsync(free, ExchangeEffort.Brisk, CancellationToken.None);
    }

    [Fact]
    public async Task PreferFailure_AddressThatTheGatewayHasNot_CannotProvideExternal()
    {
        Lab lab = fixture.Require();
        NamespaceNetwork network = lab.Network("studio");
        await using PcpClient client = new(LabMappers.Route(network, ipv6: false), network, SystemRandomSource.Instance, TimeProvider.System);
        BtmmException e = await Assert.ThrowsAsync<BtmmException>(() => client.MapAsync(
            Request(42040) with { PreferFailure = true },
            PcpNonce.Create(SystemRandomSource.Instance),
            IPAddress.Parse("203.0.113.99"),
            CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Equal((int)PcpResult.CannotProvideExternal, e.ProtocolCode);
        Assert.Empty(Leases(lab, "gw-home", 42040));
    }

    [Fact]
    public async Task Map_AgainAfterAReaddress_TellsTheNewAddressAndCountsALoss()
    {
        Lab lab = fixture.Require();
        const int port = 42050;
        lab.MappingDaemon("gw-cafe", "on"); // With UPnP off it would not notice that its address changes.
        NamespaceNetwork network = lab.Network("laptop");
        await using PcpPortMapper mapper = new(LabMappers.Route(network, ipv6: false), LabMappers.Services(network));
        PortMapping mapping = await mapper.MapAsync(Request(port), ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(lab.AddressOf("gw-cafe"), mapping.ExternalAddress);
        string lease = Assert.Single(Leases(lab, "gw-cafe", port));
        await Task.Delay(1100);
        Assert.Null((await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None)).ExternalAddress);
        Assert.Equal(lease, Assert.Single(Leases(lab, "gw-cafe", port))); // With its end: a question renews nothing.
        Assert.Equal(0, mapper.StateLossCount);
        lab.Readdress("gw-cafe", "198.51.100.88");
        try
        {
            IPAddress? told = mapping.ExternalAddress;
            for (int i = 0; i < 100 && Equals(told, mapping.ExternalAddress); i++)
            {
                await Task.Delay(100); // The daemon goes on with the old address for a moment, then falls silent while it asks STUN.
                told = (await mapper.MapAsync(Request(port), ExchangeEffort.Thorough, CancellationToken.None)).ExternalAddress;
            }

            Assert.Equal(IPAddress.Parse("198.51.100.88"), told);
            Assert.True(mapper.StateLossCount > 0);
        }
        finally
        {
            lab.Readdress("gw-cafe", "198.51.100.20");
        }
    }

    [Fact]
    public async Task Keeper_AnnouncementsLost_PollsNoticeARestartAndANewAddress()
    {
        Lab lab = fixture.Require();
        const int port = 42060;
        lab.MappingDaemon("gw-cafe", "on");
        await using LabKeeper host = new(lab, "laptop", port, pollInterval: TimeSpan.FromSeconds(2), method: PortMappingMethod.Pcp);
        await host.AvailableAsync("198.51.100.20");
        foreach (string rule in new[] { "table inet hush", "chain inet hush out { type filter hook output priority raw; }", "rule inet hush out udp dport 5350 drop" })
            lab.Exec("gw-cafe", "nft", "add", rule).Require();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(5)); // So that an epoch of 0 is a step back beyond the tolerance.
            lab.Reboot("gw-cafe");
            Report("mapped again after a reboot that nobody announced", await Eventually.HoldsAsync(
                () => Leases(lab, "gw-cafe", port).Count == 1, "the mapping in the lease file", TimeSpan.FromSeconds(60)));
            await host.AvailableAsync("198.51.100.20");
            lab.Readdress("gw-cafe", "198.51.100.88");
            Report("new address that nobody announced told", await host.AvailableAsync("198.51.100.88"));
            Assert.Single(Leases(lab, "gw-cafe", port));
        }
        finally
        {
            lab.Exec("gw-cafe", "nft", "delete", "table", "inet", "hush");
            lab.Readdress("gw-cafe", "198.51.100.20");
        }
    }

    [Fact]
    public async Task Query_DaemonOff_PortClosedAtOnce()
    {
        Lab lab = fixture.Require();
        NamespaceNetwork network = lab.Network("laptop");
        lab.MappingDaemon("gw-cafe", "off");
        await using PcpPortMapper mapper = new(LabMappers.Route(network, ipv6: false), LabMappers.Services(network));
        Stopwatch took = Stopwatch.StartNew();
        BtmmException e = await Assert.ThrowsAsync<BtmmException>(() => mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Report("port closed", took.Elapsed);
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Contains("closed", e.Message, StringComparison.Ordinal);
    }

    private static PortMappingRequest Request(int port) => new(PortMappingProtocol.Udp, port, port, s_lifetime);

    private static void Report(string what, TimeSpan took) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {took.TotalMilliseconds:F0} ms");

    private static List<string> Leases(Lab lab, string gateway, int internalPort) =>
        [.. lab.Leases(gateway).Where(lease => lease.Split(':') is ["UDP", _, _, var port, ..] && port == Text(internalPort))];

    private static List<string> Pinholes(Lab lab, int port) =>
        [.. lab.Leases("gw-six").Where(lease => lease.Split(';') is ["UDP", _, var at, ..] && at == Text(port))];

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
