using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.TestKit;
using Btmm.TestKit.Packets;

namespace Btmm.Core.Tests.Node;

public sealed class BtmmNodeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly MemoryZone _zone = new();
    private readonly MemoryDatagramNetwork _wire = new();
    private readonly BtmmAccount _account = NodeHarness.NewAccount();

    public void Dispose()
    {
        _account.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Start_ThenStop_ComesUpStageByStageAndLeavesNothing()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        await mac.StartAsync();
        NodeEvent published = await mac.WaitForAsync(NodeEventKind.Published);
        Assert.Equal("203.0.113.10", published.Endpoint!.Address.ToString());
        NodeStatus status = mac.Node.GetStatus();
        Assert.True(status.IsRunning);
        Assert.Equal(PublicationKind.Published, status.Publication.Kind);
        Assert.Single(mac.Mapper.Mappings);
        Assert.Contains(mac.System.Hosts, entry => entry.Name == "mac.alice.example.net" && entry.Address.Equals(status.Identifier));
        Assert.Single(_zone.Records("_autotunnel._udp.mac.alice.example.net", DnsType.SRV));

        await mac.Node.StopAsync();
        await mac.Node.StopAsync();
        await mac.WaitForAsync(NodeEventKind.Stopped);
        NodeEventKind[] order = [NodeEventKind.Started, NodeEventKind.MappingReady, NodeEventKind.Published, NodeEventKind.Stopping, NodeEventKind.Withdrawn, NodeEventKind.Stopped];
        Assert.Equal(order, mac.Kinds().Where(order.Contains));
        Assert.Empty(mac.System.Things);
        Assert.Empty(mac.Mapper.Mappings);
        Assert.Empty(_zone.Records("_autotunnel._udp.mac.alice.example.net", DnsType.SRV));
        Assert.Empty(_zone.Records("_autotunnel._udp.alice.example.net", DnsType.PTR));
        Assert.True(mac.Tun.IsDisposed);
        Assert.False(mac.Node.GetStatus().IsRunning);
        Assert.DoesNotContain(mac.Kinds(), kind => kind == NodeEventKind.Problem);
        using ChangeJournal journal = ChangeJournal.Open(Path.Combine(_directory.Path, "mac", "changes.journal"));
        Assert.Empty(journal.OpenEntries);
    }

    [Fact]
    public async Task TwoNodes_OneAccount_BuildATunnelAndItEndsWithOne()
    {
        await using NodeHarness mac = Host("mac", "203.0.113.1");
        await using NodeHarness laptop = Host("laptop", "203.0.113.2");
        await mac.StartAsync();
        await laptop.StartAsync();
        await mac.WaitForAsync(NodeEventKind.TunnelUp);
        await laptop.WaitForAsync(NodeEventKind.TunnelUp);
        await mac.WaitForAsync(NodeEventKind.PeerSeen, e => e.Peer == "laptop.alice.example.net");
        IPAddress identifier = laptop.Node.GetStatus().Identifier!;
        await Eventually.HoldsAsync(() => mac.System.Hosts.Any(entry => entry.Name == "laptop.alice.example.net" && entry.Address.Equals(identifier)), "laptop's name");
        Assert.Contains($"route {identifier}", mac.System.Things);
        NodePeerStatus peer = Assert.Single(mac.Node.GetStatus().Peers);
        Assert.True(peer.IsHealthy);

        await laptop.Node.StopAsync();
        await mac.WaitForAsync(NodeEventKind.TunnelDown);
        Assert.Throws<BtmmException>(() => mac.Node.Connect("nobody"));
    }

    [Fact]
    public async Task Start_InterfaceRefused_FailsTypedAndLeavesNothing()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        mac.System.FailOn = "+if btmm0";
        BtmmException refusal = await Assert.ThrowsAsync<BtmmException>(mac.StartAsync);
        Assert.Equal(BtmmErrorReason.SystemChangeFailed, refusal.Reason);
        Assert.Empty(mac.System.Things);
        Assert.Empty(mac.Mapper.Mappings);

        mac.System.FailOn = "+address";
        using StateDirectory free = StateDirectory.Open(Path.Combine(_directory.Path, "mac"));
        using ChangeJournal journal = ChangeJournal.Open(free.JournalPath);
        Assert.Empty(journal.OpenEntries);
    }

    [Fact]
    public async Task Start_SecondNodeOnOneStateDirectory_IsRefused()
    {
        await using NodeHarness first = Host("mac", "192.168.1.100");
        await using NodeHarness second = Host("mac", "192.168.1.101");
        await first.StartAsync();
        BtmmException refusal = await Assert.ThrowsAsync<BtmmException>(second.StartAsync);
        Assert.Equal(BtmmErrorReason.StateDirectoryBusy, refusal.Reason);
        Assert.Empty(second.System.Things);
    }

    [Fact]
    public async Task Start_BadLabel_IsRefused()
    {
        await using NodeHarness mac = Host("not_a_label", "192.168.1.100");
        BtmmException refusal = await Assert.ThrowsAsync<BtmmException>(mac.StartAsync);
        Assert.Equal(BtmmErrorReason.InvalidValue, refusal.Reason);
    }

    [Fact]
    public async Task Restart_PortAndIdentifier_AreKept()
    {
        NodeStatus first = await RunOnceAsync();
        NodeStatus second = await RunOnceAsync();
        Assert.Equal(first.Port, second.Port);
        Assert.Equal(first.Identifier, second.Identifier);

        await using NodeHarness third = Alone();
        third.BusyPorts.Add(first.Port!.Value);
        await third.StartAsync();
        Assert.NotEqual(first.Port, third.Node.GetStatus().Port);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_ZoneDown_TunnelsToRememberedPeersAreBuiltOnceThereIsANetwork(bool isOnline)
    {
        await using NodeHarness laptop = Host("laptop", "203.0.113.2");
        await laptop.StartAsync();
        await using (NodeHarness before = Host("mac", "203.0.113.1"))
        {
            await before.StartAsync();
            await before.WaitForAsync(NodeEventKind.TunnelUp);
        }

        await laptop.WaitForAsync(NodeEventKind.TunnelDown);
        _zone.IsDown = true;
        await using NodeHarness mac = Host("mac", "203.0.113.3");
        GatewayRoute home = mac.Route!;
        if (!isOnline) mac.Route = null;
        await mac.StartAsync();
        if (!isOnline)
        {
            Assert.Empty(mac.Events(NodeEventKind.TunnelConnecting));
            mac.MoveTo(home);
        }

        await mac.WaitForAsync(NodeEventKind.TunnelUp);
        Assert.Empty(mac.Events(NodeEventKind.PeerSeen));
    }

    [Fact]
    public async Task Leftovers_OfACrash_AreUndoneAtStart()
    {
        string state = Path.Combine(_directory.Path, "mac");
        IPAddress stale = IPAddress.Parse("fd00::dead");
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        using (StateDirectory directory = StateDirectory.Open(state))
        using (ChangeJournal journal = ChangeJournal.Open(directory.JournalPath))
        {
            var crashed = new JournalledSystem(journal, mac.System);
            crashed.AddRoute("btmm7", stale);
            crashed.WriteHosts("old.example.net", []);
            OpenMemory(state).Note(Mapping("192.168.1.1", 4444, DateTimeOffset.UtcNow));
        }

        mac.Mapper.Mappings[4444] = 5555;
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Published);
        await mac.WaitForAsync(NodeEventKind.Recovered, e => e.Message.Contains("Udp port 4444", StringComparison.Ordinal));
        Assert.Equal(3, mac.Events(NodeEventKind.Recovered).Length);
        Assert.DoesNotContain($"route {stale}", mac.System.Things);
        Assert.DoesNotContain("hosts old.example.net", mac.System.Things);
        Assert.DoesNotContain(4444, mac.Mapper.Mappings.Keys);
    }

    [Fact]
    public async Task Leftovers_OnAnotherGateway_WaitUntilItIsMetAgain()
    {
        string state = Path.Combine(_directory.Path, "mac");
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        DateTimeOffset yesterday = DateTimeOffset.UtcNow.AddDays(-1);
        OpenMemory(state).Note(Mapping("10.0.0.1", 4444, yesterday) with { Method = PortMappingMethod.Igd, IsPermanent = true });
        OpenMemory(state).Note(Mapping("10.0.0.1", 4445, yesterday));
        OpenMemory(state).Note(Mapping("192.168.1.1", 4446, yesterday) with { Method = PortMappingMethod.Igd, IsPermanent = true });
        mac.Mapper.Mappings[4444] = mac.Mapper.Mappings[4446] = 5555;
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Recovered, e => e.Message.Contains("4446", StringComparison.Ordinal));
        Assert.Contains(4444, mac.Mapper.Mappings.Keys);
        mac.MoveTo(new GatewayRoute(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), 2, "eth0"));
        await mac.WaitForAsync(NodeEventKind.Recovered, e => e.Message.Contains("4444", StringComparison.Ordinal));
        Assert.DoesNotContain(4444, mac.Mapper.Mappings.Keys);
        Assert.Equal(2, mac.Events(NodeEventKind.Recovered).Length);
    }

    [Fact]
    public async Task Leftovers_OfOurPort_AreTakenOverAndReleasedAtTheStop()
    {
        int port;
        await using (NodeHarness first = Alone())
        {
            await first.StartAsync();
            await first.WaitForAsync(NodeEventKind.MappingReady);
            port = first.Node.GetStatus().Port!.Value;
        }

        string state = Path.Combine(_directory.Path, "mac");
        Assert.Empty(OpenMemory(state).Mappings);
        OpenMemory(state).Note(Mapping("192.168.1.1", port, DateTimeOffset.UtcNow)); // As if the first run had crashed.
        await using NodeHarness second = Alone();
        await second.StartAsync();
        await second.WaitForAsync(NodeEventKind.MappingReady);
        Assert.Empty(second.Events(NodeEventKind.Recovered));
        await second.Node.StopAsync();
        Assert.Empty(second.Mapper.Mappings);
        Assert.Empty(OpenMemory(state).Mappings);
    }

    [Fact]
    public async Task Memory_Damaged_NodeStartsAndSaysSo()
    {
        string state = Path.Combine(_directory.Path, "mac");
        Directory.CreateDirectory(state);
        await File.WriteAllTextAsync(Path.Combine(state, "mappings.json"), "{", TestContext.Current.CancellationToken);
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Recovered, e => e.Message.Contains("memory of mappings", StringComparison.Ordinal));
        await mac.WaitForAsync(NodeEventKind.Published);
    }

    [Fact]
    public async Task Stage_Fails_IsReportedAndOthersGoOn()
    {
        await using NodeHarness mac = Host("mac", "203.0.113.1");
        mac.System.FailOn = $"+hosts {NodeHarness.Domain}";
        await mac.StartAsync();
        NodeEvent problem = await mac.WaitForAsync(NodeEventKind.Problem);
        Assert.Equal(BtmmErrorReason.SystemChangeFailed, problem.Reason);
        await mac.WaitForAsync(NodeEventKind.Published);
        await using NodeHarness laptop = Host("laptop", "203.0.113.2");
        await laptop.StartAsync();
        await laptop.WaitForAsync(NodeEventKind.TunnelUp);
        await mac.WaitForAsync(NodeEventKind.TunnelUp);
    }

    [Fact]
    public async Task SecondNat_Found_WithdrawsEndpointButNotTheHost()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Published);
        mac.Mapper.External = IPAddress.Parse("10.0.0.9");
        mac.MoveTo(new GatewayRoute(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), 2, "eth0"));
        NodeEvent lost = await mac.WaitForAsync(NodeEventKind.MappingLost);
        Assert.Equal(BtmmErrorReason.DoubleNat, lost.Reason);
        Assert.NotEmpty(lost.Remedy!);
        await mac.WaitForAsync(NodeEventKind.Published, e => e.Endpoint is null);
        Assert.Empty(_zone.Records("_autotunnel._udp.mac.alice.example.net", DnsType.SRV));
        Assert.Single(_zone.Records("mac.alice.example.net", DnsType.AAAA));
        Assert.Single(_zone.Records("_autotunnel._udp.alice.example.net", DnsType.PTR));
    }

    [Fact]
    public async Task GatewayAnswers_Refused_AreToldOncePerKindAndNetwork()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Published);
        RefusedAnswer forged = new(mac.Route!.Gateway, RefusedAnswerKind.Stranger, "192.168.1.66:5351 sent an answer.");
        Parallel.For(0, 32, i => mac.Refused!(forged with { Message = $"192.168.1.66:{i} sent an answer." }));
        mac.Refused!(forged with { Kind = RefusedAnswerKind.TooLong, Message = "too long" });
        NodeEvent told = await mac.WaitForAsync(NodeEventKind.GatewayAnswerRefused, e => e.Message == "too long");
        Assert.NotEmpty(told.Remedy!);
        Assert.Equal(2, mac.Events(NodeEventKind.GatewayAnswerRefused).Length);
        Assert.Single(mac.Events(NodeEventKind.GatewayAnswerRefused), e => e.Remedy == forged.Remedy);

        mac.MoveTo(new GatewayRoute(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), 2, "eth0"));
        await mac.WaitForAsync(NodeEventKind.NetworkChanged, e => e.Message.Contains("10.0.0.1", StringComparison.Ordinal));
        mac.Refused!(forged with { Message = "elsewhere" });
        await mac.WaitForAsync(NodeEventKind.GatewayAnswerRefused, e => e.Message == "elsewhere");
    }

    [Fact]
    public async Task NetworkGoneForAMoment_NothingIsWithdrawn()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        GatewayRoute home = mac.Route!;
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Published);
        mac.MoveTo(null);
        await mac.WaitForAsync(NodeEventKind.MappingLost);
        mac.Mapper.External = IPAddress.Parse("198.51.100.20");
        mac.MoveTo(home with { LocalAddress = IPAddress.Parse("192.168.1.7") });
        await mac.WaitForAsync(NodeEventKind.Published, e => e.Endpoint?.Address.ToString() == "198.51.100.20");
        Assert.DoesNotContain(mac.Events(NodeEventKind.Published), e => e.Endpoint is null);
    }

    [Fact]
    public async Task ZoneDown_AtStop_EndsAllTheSameAndUndoesWhatIsLocal()
    {
        await using NodeHarness mac = Host("mac", "192.168.1.100");
        await mac.StartAsync();
        await mac.WaitForAsync(NodeEventKind.Published);
        _zone.IsDown = true;
        await mac.Node.StopAsync();
        await mac.WaitForAsync(NodeEventKind.Stopped);
        Assert.Empty(mac.System.Things);
        Assert.Empty(mac.Mapper.Mappings);
    }

    private static MappingMemory OpenMemory(string state) =>
        MappingMemory.Open(Path.Combine(state, "mappings.json"), SystemRandomSource.Instance, TimeProvider.System);

    private static PortMapping Mapping(string gateway, int port, DateTimeOffset mappedAt) => new(
        PortMappingMethod.NatPmp, IPAddress.Parse(gateway), PortMappingProtocol.Udp, port, 5555, TimeSpan.FromHours(1), mappedAt);

    private async Task<NodeStatus> RunOnceAsync()
    {
        await using NodeHarness mac = Alone();
        await mac.StartAsync();
        return mac.Node.GetStatus();
    }

    [Fact]
    public async Task Gateway_Examined_IsInStatusAndEvents()
    {
        var verdict = new GatewayVerdict { Kind = GatewayVerdictKind.NoMapping, Summary = "The gateway maps no port.", Remedy = "Turn it on." };
        await using var mac = new NodeHarness(
            "mac", Path.Combine(_directory.Path, "mac"), _account, _zone, _wire, "192.168.1.100", (_, _) => Task.FromResult(verdict));
        await mac.StartAsync();
        NodeEvent told = await mac.WaitForAsync(NodeEventKind.GatewayExamined);
        Assert.Equal(("NoMapping: The gateway maps no port.", "Turn it on."), (told.Message, told.Remedy));
        Assert.Same(verdict, told.Verdict);
        Assert.Same(verdict, mac.Node.GetStatus().Gateway);
    }

    [Fact]
    public async Task Gateway_ExaminationFails_IsToldWhenItHappensAndTheNodeGoesOn()
    {
        await using var mac = new NodeHarness(
            "mac", Path.Combine(_directory.Path, "mac"), _account, _zone, _wire, "192.168.1.100", (_, _) => throw new InvalidOperationException("broken"));
        await mac.StartAsync();
        NodeEvent told = await mac.WaitForAsync(NodeEventKind.Problem, e => e.Message.Contains("broken", StringComparison.Ordinal));
        Assert.Equal(BtmmErrorReason.InternalError, told.Reason);
        Assert.True(mac.Node.GetStatus().IsRunning);
        await mac.Node.StopAsync();
        Assert.Single(mac.Events(NodeEventKind.Problem));
    }

    private NodeHarness Host(string host, string local) =>
        new(host, Path.Combine(_directory.Path, host), _account, _zone, _wire, local);

    private NodeHarness Alone() =>
        new("mac", Path.Combine(_directory.Path, "mac"), _account, _zone, new MemoryDatagramNetwork(), "192.168.1.100");
}
