using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.Core.Tests.Dns;
using Btmm.Core.Tests.NatTraversal.Verdicts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Tests.Node;

/// <summary>A zone whose server knows DNS only, as BIND or Knot, and STUN servers that the user names.</summary>
public sealed class NodeStunServersTests : IAsyncLifetime
{
    private static readonly DnsName s_domain = DnsName.Parse("alice.example.net");
    private readonly ExaminerFixture _net = new();
    private readonly FakeNameServer _dns;
    private readonly DnsClient _client;
    private readonly ZoneLocator _zone;

    public NodeStunServersTests()
    {
        _dns = new FakeNameServer(_net.Wire, _net.Clock, "203.0.113.10")
        {
            Answer = static request => [FakeNameServer.Reply(request, answers: new DnsRecord(s_domain, 60, new SoaData(s_domain, s_domain, 1, 2, 3, 4, 5)))],
        };
        _client = new DnsClient(_net.Host, _net.Host, SystemRandomSource.Instance, _net.Clock);
        _zone = new ZoneLocator(s_domain, [new ZoneServer("203.0.113.10")], key: null, new ZoneServerFinder(_client, new FixedNameServers()));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _zone.Dispose();
        _client.Dispose();
        await _dns.DisposeAsync();
        await _net.DisposeAsync();
    }

    [Fact]
    public async Task Find_NamedServers_ComeBeforeTheZones()
    {
        IReadOnlyList<IPEndPoint> found = await RunAsync(Servers("both.example:3479", "198.51.100.7:3478").FindAsync(CancellationToken.None));
        Assert.Equal(["203.0.113.53:3479", "198.51.100.7:3478", "203.0.113.10:53"], found.Take(3).Select(server => $"{server}"));
    }

    [Theory]
    [InlineData("missing.example:3478", "was not found: ")]
    [InlineData("six.example:3478", "has no IPv4 address")]
    [InlineData("slow.example:3478", "was not found within the time")]
    [InlineData("0.0.0.0:3478", "was not found: ")]
    public async Task FindNamed_ServerWithoutAddress_IsToldAndTheOthersAreAsked(string server, string why)
    {
        (IReadOnlyList<IPEndPoint> found, IReadOnlyList<GatewayEvidence> missed) =
            await RunAsync(Servers(server, "both.example:3478").FindNamedAsync(CancellationToken.None));
        Assert.Equal("203.0.113.53:3478", $"{Assert.Single(found)}");
        GatewayEvidence told = Assert.Single(missed);
        Assert.Equal((GatewayStep.Stun, server), (told.Step, told.Who));
        Assert.StartsWith(why, told.Answer, StringComparison.Ordinal);
        Assert.True(_net.Clock.Elapsed <= TimeSpan.FromSeconds(2), $"{_net.Clock.Elapsed}");
    }

    // Without a named server nobody can tell such a NAT from one that only maps nothing.
    [Theory]
    [InlineData(true, GatewayVerdictKind.SymmetricNat)]
    [InlineData(false, GatewayVerdictKind.NoMapping)]
    public async Task Examine_SymmetricNatAndAZoneWithoutStun_IsKnownByANamedServer(bool isNamed, GatewayVerdictKind kind)
    {
        int port = 40000;
        await using var server = new FakeStunServer(_net.Wire, "203.0.113.53:3478", "203.0.113.54:3479")
        {
            Map = (_, _) => new(IPAddress.Parse("198.51.100.9"), Interlocked.Increment(ref port)),
        };
        _net.SilenceGateway();
        NodeStunServers servers = isNamed ? Servers("missing.example:3478", "both.example:3478") : Servers();
        var examiner = new NodeExaminer(_net.Examiner, servers, new MappingMemory(SystemRandomSource.Instance));
        GatewayVerdict verdict = await RunAsync(examiner.ExamineAsync(new EndpointState { Phase = EndpointPhase.Unavailable }, CancellationToken.None));
        Assert.Equal(kind, verdict.Kind);
        Assert.Equal(isNamed, verdict.Evidence.Any(e => e.Who == "missing.example:3478"));
    }

    [Fact]
    public async Task Examine_PublicAddressBehindAFirewall_NamesTheNodesPort()
    {
        await using var net = new ExaminerFixture("198.51.100.9");
        await using var server = new FakeStunServer(net.Wire, "203.0.113.53:3478", "203.0.113.54:3479") { LetsIn = _ => false };
        net.SilenceGateway();
        using var zone = new ZoneLocator(s_domain, [], key: null, new ZoneServerFinder(_client, new FixedNameServers()));
        var servers = new NodeStunServers(zone, [new DnsEndPoint("203.0.113.53", 3478)], ResolveAsync, net.Clock);
        var examiner = new NodeExaminer(net.Examiner, servers, new MappingMemory(SystemRandomSource.Instance));
        Task<GatewayVerdict> examination = examiner.ExamineAsync(
            new EndpointState
            {
                Phase = EndpointPhase.Available,
                Candidates = [new EndpointCandidate(EndpointCandidateKind.DirectPublic, net.Host.Address, 45999, null)],
            },
            CancellationToken.None);
        await net.Clock.RunUntilAsync(() => examination.IsCompleted, TimeSpan.FromMinutes(1));
        Assert.Contains("UDP port 45999", (await examination).Remedy, StringComparison.Ordinal);
    }

    private NodeStunServers Servers(params string[] named) => new(_zone, [.. named.Select(Parse)], ResolveAsync, _net.Clock);

    private static DnsEndPoint Parse(string text) => new(text.Split(':')[0], int.Parse(text.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));

    private async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (name == "slow.example") await Task.Delay(TimeSpan.FromMinutes(1), _net.Clock, cancellationToken);
        return name switch
        {
            "both.example" => [IPAddress.Parse("2001:db8::53"), IPAddress.Parse("203.0.113.53")],
            "six.example" => [IPAddress.Parse("2001:db8::53")],
            "missing.example" => throw new SocketException((int)SocketError.HostNotFound),
            "0.0.0.0" => throw new ArgumentException("An unspecified address is no name.", nameof(name)), // As the framework has it.
            _ => [IPAddress.Parse(name)],
        };
    }

    private async Task<T> RunAsync<T>(Task<T> task)
    {
        await _net.Clock.RunUntilAsync(() => task.IsCompleted, TimeSpan.FromMinutes(1));
        return await task;
    }
}
