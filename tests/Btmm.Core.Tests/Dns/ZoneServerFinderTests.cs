using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Tests.Dns;

public sealed class ZoneServerFinderTests : IAsyncDisposable
{
    private static readonly DnsName s_zone = DnsName.Parse("members.example.net");
    private static readonly DnsName s_account = DnsName.Parse("alice.members.example.net");
    private static readonly DnsName s_server = DnsName.Parse("ns.example.net");
    private readonly DnsTestNet _net = new();
    private readonly Dictionary<DnsQuestion, DnsRecord[]> _answers = [];
    private readonly List<DnsRecord> _additional = [];
    private bool _tellsZoneOfOthers = true;

    public ZoneServerFinderTests()
    {
        _net.Server.Answer = Answer;
        Put(s_zone, new SoaData(s_server, s_server, 1, 2, 3, 4, 5));
    }

    private ZoneServerFinder Finder => new(_net.Client, new FixedNameServers(_net.Server.EndPoint));

    public ValueTask DisposeAsync() => _net.DisposeAsync();

    [Theory]
    [Trait("rfc", "8764§4")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Find_ByServices_GivesZoneAndEndpoints(bool tellsZoneOfOthers)
    {
        _tellsZoneOfOthers = tellsZoneOfOthers; // else the labels have to be stripped
        Put(s_zone.PrependLabels("_dns-update._udp"), new SrvData(0, 0, 5300, s_server));
        Put(s_zone.PrependLabels("_dns-llq._udp"), new SrvData(0, 0, 5352, s_server));
        Put(s_server, new AData(IPAddress.Parse("203.0.113.53")));
        Put(s_server, new AaaaData(IPAddress.Parse("2001:db8::53")));
        ZoneServers found = await Finder.FindAsync(s_account);
        Assert.Equal(s_zone, found.Zone);
        Assert.Equal(Endpoints("203.0.113.53:5300", "[2001:db8::53]:5300"), found.Primary);
        Assert.Equal(Endpoints("203.0.113.53:5352", "[2001:db8::53]:5352"), found.LongLivedQueries);
    }

    [Fact]
    public async Task Find_AddressInAdditional_IsNotAskedFor()
    {
        Put(s_zone.PrependLabels("_dns-update._udp"), new SrvData(0, 0, 53, s_server));
        _additional.Add(new DnsRecord(s_server, 60, new AData(IPAddress.Parse("203.0.113.53"))));
        Assert.Equal(Endpoints("203.0.113.53:53"), (await Finder.FindAsync(s_account)).Primary);
        Assert.DoesNotContain(_net.Server.Requests, request => request.Message.Questions[0].Name == s_server);
    }

    [Fact]
    [Trait("rfc", "2782")]
    public async Task Find_SeveralServices_AreOrderedAndTheRootIsNone()
    {
        DnsName other = DnsName.Parse("other.example.net");
        Put(s_zone.PrependLabels("_dns-update._udp"), new SrvData(2, 0, 2, s_server), new SrvData(1, 0, 3, other), new SrvData(0, 0, 9, DnsName.Root));
        Put(s_server, new AData(IPAddress.Parse("203.0.113.1")));
        Put(other, new AData(IPAddress.Parse("203.0.113.2")));
        Assert.Equal(Endpoints("203.0.113.2:3", "203.0.113.1:2"), (await Finder.FindAsync(s_account)).Primary);
    }

    [Fact]
    [Trait("rfc", "2136§4.3")]
    public async Task Find_WithoutServices_UsesThePrimaryOfTheSoa()
    {
        Put(s_server, new AData(IPAddress.Parse("203.0.113.53")));
        ZoneServers found = await Finder.FindAsync(s_account);
        Assert.Equal(Endpoints("203.0.113.53:53"), found.Primary);
        Assert.Empty(found.LongLivedQueries);
    }

    [Fact]
    public async Task Find_Nothing_SaysSo()
    {
        _answers.Clear();
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => Finder.FindAsync(s_account));
        Assert.Equal(BtmmErrorReason.ZoneServiceNotFound, error.Reason);
        Assert.DoesNotContain(_net.Server.Requests, request => request.Message.Questions[0].Name.LabelCount < 2);
    }

    [Fact]
    public async Task Find_WithoutResolver_SaysSo()
    {
        var finder = new ZoneServerFinder(_net.Client, new FixedNameServers());
        Assert.Equal(BtmmErrorReason.InvalidValue, (await Assert.ThrowsAsync<BtmmException>(() => finder.FindAsync(s_account))).Reason);
    }

    [Fact]
    public async Task Find_ConfiguredServers_AreAskedForTheApexOnly()
    {
        var finder = new ZoneServerFinder(_net.Client, new FixedNameServers());
        ZoneServer server = new(_net.Server.EndPoint.Address.ToString(), 53, 5352);
        ZoneServers found = await finder.FindAsync(s_account, [server], _net.Key);
        Assert.Equal(s_zone, found.Zone);
        Assert.Equal([_net.Server.EndPoint], found.Primary);
        Assert.Equal(Endpoints("192.0.2.53:5352"), found.LongLivedQueries);
        Assert.All(_net.Server.Requests, request => Assert.True(request.Message is { Tsig: not null, Questions: [{ Type: DnsType.SOA }] }));
    }

    [Fact]
    public async Task Find_ConfiguredHostName_IsLookedUp()
    {
        Put(s_server, new AData(_net.Server.EndPoint.Address));
        ZoneServers found = await Finder.FindAsync(s_account, [new ZoneServer("ns.example.net")], key: null);
        Assert.Equal([_net.Server.EndPoint], found.Primary);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => Finder.FindAsync(s_account, [new ZoneServer("nowhere.example.net")], key: null));
        Assert.Equal(BtmmErrorReason.NameNotFound, error.Reason);
    }

    [Fact]
    public void Configured_ServersOfOneZone_AreExpectedToHaveTheirOwnNames()
    {
        DnsName ns1 = s_zone.Prepend("ns1"), ns2 = s_zone.Prepend("ns2");
        (SrvData, IPEndPoint)[] services =
            [(new SrvData(0, 0, 853, ns1), IPEndPoint.Parse("192.0.2.1:853")), (new SrvData(0, 0, 8853, ns2), IPEndPoint.Parse("192.0.2.2:8853"))];
        IReadOnlyList<TlsEndPoint> found = ZoneServerFinder.Configured(
            Endpoints("192.0.2.2:53", "192.0.2.1:53", "198.51.100.7:53"), services, TlsTrust.System, new ZoneServer("any"));
        Assert.Equal(
            ["192.0.2.2:8853 ns2.members.example.net", "192.0.2.1:853 ns1.members.example.net", "198.51.100.7:853 ns1.members.example.net"],
            found.Select(server => $"{server} {server.ServerName}"));
    }

    [Fact]
    public async Task Locator_KeepsWhatWasFound_UntilAnErrorSaysOtherwise()
    {
        Put(s_server, new AData(IPAddress.Parse("203.0.113.53")));
        using var locator = new ZoneLocator(s_account, [], key: null, Finder);
        ZoneServers first = await locator.GetAsync();
        Assert.Same(first, await locator.GetAsync());
        locator.Report(new BtmmException(BtmmErrorReason.Refused, "x", "y"));
        Assert.Same(first, await locator.GetAsync());
        locator.Report(new BtmmException(BtmmErrorReason.Timeout, "x", "y"));
        Assert.NotSame(first, await locator.GetAsync());
    }

    [Theory]
    [InlineData("studio")]
    [InlineData("Studio.Alice.members.example.net")]
    public async Task Resolver_Host_FollowsTheRecords(string host)
    {
        DnsName name = s_account.Prepend("studio"), target = s_account.Prepend("AutoTunnel-any");
        Put(name, new AaaaData(IPAddress.Parse("fd00::1")));
        Put(name.PrependLabels("_autotunnel._udp"), new SrvData(0, 0, 40123, target));
        Put(target, new AData(IPAddress.Parse("203.0.113.7")));
        Put(target, new TxtData("model=x"));
        using ZoneLocator locator = Configured();
        ResolvedHost resolved = await new BtmmNameResolver(locator, _net.Client).ResolveAsync(host);
        Assert.Equal((name, IPAddress.Parse("fd00::1"), target), (resolved.Name, resolved.Identifier, resolved.Target));
        Assert.Equal(IPEndPoint.Parse("203.0.113.7:40123"), resolved.Endpoint);
        Assert.Equal(["model=x"], resolved.Text);
    }

    [Fact]
    public async Task Resolver_HostWithoutTunnel_HasNoEndpoint()
    {
        Put(s_account.Prepend("studio"), new AaaaData(IPAddress.Parse("fd00::1")));
        using ZoneLocator locator = Configured();
        ResolvedHost resolved = await new BtmmNameResolver(locator, _net.Client).ResolveAsync("studio");
        Assert.Equal((IPAddress.Parse("fd00::1"), null), (resolved.Identifier, resolved.Endpoint));
    }

    [Theory]
    [InlineData("nobody", BtmmErrorReason.NameNotFound)]
    [InlineData("studio.example.org", BtmmErrorReason.InvalidValue)]
    [InlineData("alice.members.example.net", BtmmErrorReason.InvalidValue)]
    [InlineData("..", BtmmErrorReason.InvalidValue)]
    public async Task Resolver_NoHost_HasItsReason(string host, BtmmErrorReason expected)
    {
        using ZoneLocator locator = Configured();
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => new BtmmNameResolver(locator, _net.Client).ResolveAsync(host));
        Assert.Equal(expected, error.Reason);
    }

    private static IPEndPoint[] Endpoints(params string[] texts) => [.. texts.Select(IPEndPoint.Parse)];

    private ZoneLocator Configured() => new(s_account, [new ZoneServer(_net.Server.EndPoint.Address.ToString())], _net.Key, Finder);

    private void Put(DnsName name, params DnsData[] data)
    {
        foreach (DnsData item in data)
        {
            var question = new DnsQuestion(name, item.Type);
            _answers[question] = [.. _answers.GetValueOrDefault(question, []), new DnsRecord(name, 60, item)];
        }
    }

    private IEnumerable<DnsMessage> Answer(DnsMessage request)
    {
        DnsQuestion question = request.Questions[0];
        if (_answers.TryGetValue(question, out DnsRecord[]? records)) return [FakeNameServer.Reply(request, answers: records) with { Additional = [.. _additional] }];
        bool isBelow = question.Name.IsSubdomainOf(s_zone) && _answers.ContainsKey(new DnsQuestion(s_zone, DnsType.SOA));
        DnsRecord[] authority = isBelow && _tellsZoneOfOthers ? _answers[new DnsQuestion(s_zone, DnsType.SOA)] : [];
        return [FakeNameServer.Reply(request, DnsRcode.NXDomain) with { Authority = authority }];
    }
}
