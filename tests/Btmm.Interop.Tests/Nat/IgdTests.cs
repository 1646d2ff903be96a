using System.Diagnostics;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>UPnP IGD alone with a real miniupnpd, in both versions, judged by its lease file and by datagrams from outside.</summary>
public sealed class IgdTests(IgdLab fixture) : IClassFixture<IgdLab>
{
    private static readonly IPEndPoint s_group = IPEndPoint.Parse("239.255.255.250:1900");

    public static TheoryData<int, string, string, string> Versions => new()
    {
        { 2, "gw-home", "studio", "203.0.113.10" },
        { 1, "gw-cafe", "laptop", "198.51.100.20" },
    };

    [Theory, MemberData(nameof(Versions))]
    public async Task Query_EachVersion_FindsTheServiceAndItsAddress(int version, string gateway, string host, string address)
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper mapper = Open(lab, host);
        Stopwatch took = Stopwatch.StartNew();
        GatewayAnswer answer = await mapper.QueryAsync(ExchangeEffort.Thorough, TestContext.Current.CancellationToken);
        Report($"found, described and asked in {took.Elapsed.TotalMilliseconds:F0} ms");
        Assert.Equal((IPAddress.Parse(address), ExternalAddressKind.Public), (answer.ExternalAddress, answer.Kind));
        Assert.NotNull(answer.StateAge);
        Assert.Equal((IgdServiceKind.WanIp, version), (mapper.Service?.Kind, mapper.Service?.Version));
        Assert.Equal(gateway, mapper.Description?.FriendlyName);
        Assert.Equal(0, mapper.RefusedAnswers);
        took.Restart();
        await mapper.QueryAsync(ExchangeEffort.Brisk, TestContext.Current.CancellationToken);
        Report($"asked again in {took.Elapsed.TotalMilliseconds:F0} ms");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task MapRenewDelete_EachVersion_DaemonAgrees(int version, string gateway, string host, string address)
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper mapper = Open(lab, host);
        Assert.Equal(IPAddress.Parse(address), (await mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None)).ExternalAddress);
        Assert.Equal(version, mapper.Service?.Version);
        foreach (PortMappingProtocol protocol in Enum.GetValues<PortMappingProtocol>())
        {
            string name = protocol.ToString().ToUpperInvariant();
            PortMapping mapping = await MapAsync(mapper, 41201, 41211, protocol, seconds: 600);
            Assert.Equal((41211, IPAddress.Parse(address), false), (mapping.ExternalPort, mapping.ExternalAddress, mapping.IsPermanent));
            Assert.InRange(mapping.Lifetime.TotalSeconds, 590, 600);
            Assert.StartsWith($"{name}:41211:", Assert.Single(LabReach.Leases(lab, gateway, 41201, name)), StringComparison.Ordinal);
            if (protocol == PortMappingProtocol.Udp)
                await LabReach.AssertReachableAsync(lab, host, 41201, IPEndPoint.Parse($"{address}:41211"));
            PortMapping renewed = await MapAsync(mapper, 41201, 41211, protocol, seconds: 3600);
            Assert.InRange(renewed.Lifetime.TotalSeconds, 3590, 3600);
            long left = LabReach.Expiry(Assert.Single(LabReach.Leases(lab, gateway, 41201, name))) - DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            Assert.InRange(left, 3580, 3600);
            await mapper.DeleteAsync(renewed, ExchangeEffort.Brief, CancellationToken.None);
            Assert.Empty(LabReach.Leases(lab, gateway, 41201, name));
            await mapper.DeleteAsync(renewed, ExchangeEffort.Brief, CancellationToken.None);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Map_PortOfAnotherHost_AnotherOneOrConflict(bool preferFailure)
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper studio = Open(lab, "studio");
        await using IgdPortMapper mini = Open(lab, "mini");
        PortMapping first = await MapAsync(studio, 41220, 41220);
        try
        {
            if (preferFailure)
            {
                BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => MapAsync(mini, 41220, 41220, preferFailure: true));
                Assert.Equal((BtmmErrorReason.PortMappingConflict, 718), (error.Reason, error.ProtocolCode));
                Assert.Single(LabReach.Leases(lab, "gw-home", 41220));
                return;
            }

            PortMapping second = await MapAsync(mini, 41220, 41220);
            Assert.NotEqual(first.ExternalPort, second.ExternalPort);
            Assert.Equal(2, LabReach.Leases(lab, "gw-home", 41220).Count);
            await mini.DeleteAsync(second, ExchangeEffort.Brief, CancellationToken.None);
        }
        finally
        {
            await studio.DeleteAsync(first, ExchangeEffort.Brief, CancellationToken.None);
        }

        Assert.Empty(LabReach.Leases(lab, "gw-home", 41220));
    }

    [Fact]
    public async Task Map_Version1PortOfTheSameHost_TakesAnotherByTrying()
    {
        Lab lab = fixture.Require();
        lab.Run("add-host", "guest", "cafe", "117");
        await using IgdPortMapper laptop = Open(lab, "laptop");
        await using IgdPortMapper guest = Open(lab, "guest");
        PortMapping first = await MapAsync(laptop, 41230, 41230);
        PortMapping second = await MapAsync(guest, 41230, 41230);
        Assert.Equal(1, guest.Service?.Version);
        Assert.NotEqual(first.ExternalPort, second.ExternalPort);
        Assert.Equal(2, LabReach.Leases(lab, "gw-cafe", 41230).Count);
        await guest.DeleteAsync(second, ExchangeEffort.Brief, CancellationToken.None);
        await laptop.DeleteAsync(first, ExchangeEffort.Brief, CancellationToken.None);
        Assert.Empty(LabReach.Leases(lab, "gw-cafe", 41230));
    }

    [Fact]
    public async Task Delete_AskedForButNeverAnswered_IsFoundByTheDaemonsList()
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper mapper = Open(lab, "studio");
        PortMapping mapping = await MapAsync(mapper, 41240, 41249);
        await mapper.DeleteAsync(mapping with { ExternalPort = 41240, Lifetime = TimeSpan.Zero }, ExchangeEffort.Brief, CancellationToken.None);
        Assert.Empty(LabReach.Leases(lab, "gw-home", 41240));
    }

    [Theory]
    [InlineData("192.168.1.1")]
    [InlineData("239.255.255.250")]
    public async Task Search_EachTargetAndWay_IsAnsweredFromTheGateway(string to)
    {
        Lab lab = fixture.Require();
        IPAddress local = lab.AddressOf("studio");
        IPEndPoint destination = new(IPAddress.Parse(to), s_group.Port);
        foreach (string target in Enumerable.Range(0, 4).SelectMany(SsdpTarget.Round).Distinct())
        {
            if (target == SsdpTarget.WanPppConnection1) continue; // miniupnpd has no PPP connection.
            await using IDatagramChannel channel = lab.Network("studio").Open(
                new DatagramChannelOptions(new IPEndPoint(local, 0), MulticastInterface: local));
            byte[] message = new byte[IgdConstants.MaxSsdpLength];
            Assert.True(new SsdpSearch(destination, target).TryWrite(message, out int length));
            await channel.SendAsync(message.AsMemory(0, length), destination, CancellationToken.None);
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(5));
            ReceivedDatagram received = await channel.ReceiveAsync(message, limit.Token);
            Assert.Equal(IPAddress.Parse("192.168.1.1"), received.Remote.Address);
            Assert.True(SsdpAnswer.TryParse(message.AsSpan(0, received.Length), out SsdpAnswer answer), target);
            Assert.Equal(IgdUrlFault.None, IgdUrl.Check(answer.Location, received.Remote.Address, out _));
            Assert.NotNull(answer.BootId);
        }
    }

    [Fact]
    public async Task Query_GatewayMappedBefore_NeedsNoSearchUntilItMoves()
    {
        Lab lab = fixture.Require();
        NamespaceNetwork network = lab.Network("studio");
        PortMapperServices services = LabMappers.Services(network);
        GatewayRoute route = LabMappers.Route(network);
        await using (IgdPortMapper former = new(route, services)) await MapAsync(former, 41280, 41280);
        Stopwatch took = Stopwatch.StartNew();
        await using (IgdPortMapper later = new(route, services with { Channels = new NoSearches(network) }))
            await later.DeleteAsync(await MapAsync(later, 41280, 41280), ExchangeEffort.Brisk, CancellationToken.None);
        Report($"mapped and released without a search in {took.Elapsed.TotalMilliseconds:F0} ms");
        string? before = services.Memory.DescriptionFor(new(route.Gateway));
        lab.MappingDaemon("gw-home", "restart");
        await using IgdPortMapper last = new(route, services);
        await last.DeleteAsync(await MapAsync(last, 41280, 41280), ExchangeEffort.Brisk, CancellationToken.None);
        Report($"{before} became {services.Memory.DescriptionFor(new(route.Gateway))}");
        Assert.Empty(LabReach.Leases(lab, "gw-home", 41280));
    }

    [Fact]
    public async Task Daemon_Restarts_IsAnnouncedAndFoundOnItsNewPort()
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper mapper = Open(lab, "studio");
        PortMapping mapping = await MapAsync(mapper, 41250, 41250);
        await Task.Delay(TimeSpan.FromSeconds(2)); // So that the uptime can go back.
        await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        int losses = mapper.StateLossCount;
        lab.MappingDaemon("gw-home", "restart");
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        Stopwatch took = Stopwatch.StartNew();
        Assert.True((await mapper.Announcements.ReadAsync(limit.Token)).StateLost);
        Report($"heard {took.Elapsed.TotalMilliseconds:F0} ms after the restart");
        await mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None);
        Assert.True(mapper.StateLossCount > losses, "the uptime went back");
        await mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Empty(LabReach.Leases(lab, "gw-home", 41250));
    }

    [Fact]
    public async Task Daemon_Denies_NotAuthorized()
    {
        Lab lab = fixture.Require();
        lab.MappingDaemon("gw-cafe", "deny");
        try
        {
            await using IgdPortMapper mapper = Open(lab, "laptop");
            await mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None);
            BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => MapAsync(mapper, 41260, 41260));
            Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, error.Reason);
        }
        finally
        {
            lab.SpeakOnly("gw-cafe", "igd1");
        }
    }

    [Fact]
    public async Task Daemon_ForgetsAll_NextQueryCountsTheLoss()
    {
        Lab lab = fixture.Require();
        await using IgdPortMapper mapper = Open(lab, "studio");
        await MapAsync(mapper, 41270, 41270);
        await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        int losses = mapper.StateLossCount;
        await using (IgdPortMapper other = Open(lab, "studio"))
            await other.DeleteAsync(await MapAsync(other, 41270, 41270), ExchangeEffort.Brief, CancellationToken.None);
        await mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(losses + 1, mapper.StateLossCount);
    }

    private static IgdPortMapper Open(Lab lab, string host)
    {
        NamespaceNetwork network = lab.Network(host);
        GatewayRoute route = network.FindDefault() ?? throw new InvalidOperationException("no default gateway");
        return new IgdPortMapper(route, LabMappers.Services(network));
    }

    private static Task<PortMapping> MapAsync(
        IgdPortMapper mapper,
        int internalPort,
        int externalPort,
        PortMappingProtocol protocol = PortMappingProtocol.Udp,
        int seconds = 600,
        bool preferFailure = false) => mapper.MapAsync(
            new PortMappingRequest(protocol, internalPort, externalPort, TimeSpan.FromSeconds(seconds)) { PreferFailure = preferFailure },
            ExchangeEffort.Thorough,
            CancellationToken.None);

    /// <summary>Opens no sockets to search with.</summary>
    private sealed class NoSearches(IDatagramChannelFactory inner) : IDatagramChannelFactory
    {
        public IDatagramChannel Open(DatagramChannelOptions options) => options.MulticastGroup is null
            ? throw new InvalidOperationException("searched")
            : inner.Open(options);
    }

    private static void Report(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
