using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Interop.Tests.Dns;

/// <summary>What has to work with every server of RFC 2136 and TSIG, judged by what <c>dig</c> sees.</summary>
public abstract class NameServerTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(90);
    private readonly NameServer _server;

    protected NameServerTests(NameServer server)
    {
        Assert.SkipWhen(server.MissingReason is not null, server.MissingReason ?? string.Empty);
        _server = server;
    }

    /// <summary>What the server says to a name outside the zone; one that looks at permissions first refuses.</summary>
    protected virtual BtmmErrorReason ReasonOutsideTheZone => BtmmErrorReason.OutOfZone;

    [Fact]
    public async Task Records_PublishedRefreshedWithdrawn_AreSeenByDig()
    {
        using TsigKey key = NameServer.MakeKey();
        using ZoneLocator zone = Locator(key);
        var updater = new ZoneUpdater(zone, new DnsUpdateClient(Client()));
        DnsName host = NameServer.Account.Prepend("studio"), service = host.PrependLabels("_autotunnel._udp");
        DnsName target = NameServer.Account.Prepend("AutoTunnel-x"), list = NameServer.Account.PrependLabels("_autotunnel._udp");
        IReadOnlyList<DnsRecord> publication = new DnsUpdateBuilder(NameServer.Zone)
            .Replace(host, 120, new AaaaData(IPAddress.Parse("fd00::1234")))
            .Replace(target, 120, new AData(IPAddress.Parse("203.0.113.7")))
            .Replace(target, 4500, new TxtData("model=test", "a b"))
            .Replace(service, 120, new SrvData(0, 0, 40123, target))
            .Add(list, 4500, new PtrData(service)).Updates;

        for (int i = 0; i < 2; i++) // the second time is the refresh
        {
            Assert.Equal(s_lease, await updater.UpdateAsync(publication, s_lease, CancellationToken.None));
            Assert.Equal("fd00::1234\n", _server.Dig("+short", $"{host}", "AAAA"));
            Assert.Equal("203.0.113.7\n", _server.Dig("+short", $"{target}", "A"));
            Assert.Equal("\"model=test\" \"a b\"\n", _server.Dig("+short", $"{target}", "TXT"));
            Assert.Equal($"0 0 40123 {target}.\n", _server.Dig("+short", $"{service}", "SRV"), ignoreCase: true);
            Assert.Equal($"{service}.\n", _server.Dig("+short", $"{list}", "PTR"));
        }

        ResolvedHost resolved = await new BtmmNameResolver(zone, Client()).ResolveAsync("studio");
        Assert.Equal(IPAddress.Parse("fd00::1234"), resolved.Identifier);
        Assert.Equal(IPEndPoint.Parse("203.0.113.7:40123"), resolved.Endpoint);
        Assert.Equal(target, resolved.Target);
        Assert.Equal(["model=test", "a b"], resolved.Text);

        IReadOnlyList<DnsRecord> withdrawal = new DnsUpdateBuilder(NameServer.Zone)
            .DeleteName(host).DeleteName(target).DeleteRRSet(service, DnsType.SRV).Delete(list, new PtrData(service)).Updates;
        await updater.UpdateAsync(withdrawal, lease: null, CancellationToken.None);
        Assert.Equal(string.Empty, _server.Dig("+short", $"{host}", "AAAA") + _server.Dig("+short", $"{service}", "SRV") + _server.Dig("+short", $"{list}", "PTR"));
        BtmmException gone = await Assert.ThrowsAsync<BtmmException>(() => new BtmmNameResolver(zone, Client()).ResolveAsync("studio"));
        Assert.Equal(BtmmErrorReason.NameNotFound, gone.Reason);
    }

    [Theory]
    [InlineData("alice-sha1")]
    [InlineData("alice-sha224")]
    [InlineData("alice-sha384")]
    [InlineData("alice-sha512")]
    public async Task Update_WithEveryAlgorithm_IsAccepted(string name)
    {
        using TsigKey key = NameServer.MakeKey(name);
        DnsUpdateBuilder update = new DnsUpdateBuilder(NameServer.Zone).Replace(NameServer.Account.Prepend(name), 60, new TxtData(name));
        await new DnsUpdateClient(Client()).UpdateAsync(update, [_server.EndPoint], key, lease: null);
        Assert.Equal($"\"{name}\"\n", _server.Dig("+short", $"{name}.{NameServer.Account}", "TXT"));
    }

    [Fact]
    public async Task Update_WithWrongSecret_IsBadSignature()
    {
        using var key = new TsigKey(DnsName.Parse("alice-key"), TsigAlgorithm.HmacSha256, new byte[32]);
        BtmmException error = await FailAsync(NameServer.Account, key);
        Assert.Equal((BtmmErrorReason.TsigBadSignature, (int)TsigError.BadSig), (error.Reason, error.ProtocolCode));
        Assert.Equal(_server.EndPoint, error.Endpoint);
    }

    [Fact]
    public async Task Update_WithUnknownKey_IsBadKey()
    {
        using var key = new TsigKey(DnsName.Parse("nobody"), TsigAlgorithm.HmacSha256, new byte[32]);
        BtmmException error = await FailAsync(NameServer.Account, key);
        Assert.Equal((BtmmErrorReason.TsigBadKey, (int)TsigError.BadKey), (error.Reason, error.ProtocolCode));
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Update_WithWrongClock_IsBadTimeAndTellsTheDifference(int skew)
    {
        using TsigKey key = NameServer.MakeKey();
        BtmmException error = await FailAsync(NameServer.Account, key, new SkewedTime(TimeSpan.FromSeconds(skew)));
        Assert.Equal((BtmmErrorReason.TsigBadTime, (int)TsigError.BadTime), (error.Reason, error.ProtocolCode));
        Assert.Matches("by 3[56][0-9]{2} s", error.Message);
    }

    [Fact]
    public async Task Update_OutsideTheKeysScope_IsRefused()
    {
        using TsigKey key = NameServer.MakeKey();
        BtmmException error = await FailAsync(DnsName.Parse("bob." + NameServer.ZoneName), key);
        Assert.Equal(BtmmErrorReason.Refused, error.Reason);
    }

    [Fact]
    public async Task Update_OutsideTheZone_HasItsReason()
    {
        using TsigKey key = NameServer.MakeKey();
        BtmmException error = await FailAsync(DnsName.Parse("alice.example.org"), key);
        Assert.Equal(ReasonOutsideTheZone, error.Reason);
    }

    [Fact]
    public async Task Update_OfAForeignZone_IsOutOfZone()
    {
        using TsigKey key = NameServer.MakeKey();
        DnsUpdateBuilder update = new DnsUpdateBuilder(DnsName.Parse("example.org")).Add(DnsName.Parse("a.example.org"), 60, new TxtData("x"));
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => new DnsUpdateClient(Client()).UpdateAsync(update, [_server.EndPoint], key, s_lease));
        Assert.Equal((BtmmErrorReason.OutOfZone, (int)DnsRcode.NotAuth), (error.Reason, error.ProtocolCode));
    }

    [Fact]
    public async Task Update_WithUnfulfilledPrerequisite_SaysSo()
    {
        using TsigKey key = NameServer.MakeKey();
        DnsUpdateBuilder update = new DnsUpdateBuilder(NameServer.Zone).RequireNameNotInUse(NameServer.Account).Add(NameServer.Account, 60, new TxtData("x"));
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => new DnsUpdateClient(Client()).UpdateAsync(update, [_server.EndPoint], key, s_lease));
        Assert.Equal((BtmmErrorReason.PrerequisiteFailed, (int)DnsRcode.YXDomain), (error.Reason, error.ProtocolCode));
    }

    [Fact]
    public async Task Answer_TooLongForUdp_ComesOverTcpAndIsVerified()
    {
        using TsigKey key = NameServer.MakeKey();
        DnsName name = NameServer.Account.Prepend("large");
        DnsData[] texts = [.. Enumerable.Range(0, 20).Select(i => new TxtData($"{i} {new string('x', 200)}"))];
        DnsUpdateBuilder update = new DnsUpdateBuilder(NameServer.Zone).Replace(name, 60, texts); // itself too long for UDP
        await new DnsUpdateClient(Client()).UpdateAsync(update, [_server.EndPoint], key, s_lease);
        DnsReply reply = await Client().QueryAsync(new DnsQuestion(name, DnsType.TXT), [_server.EndPoint], key);
        Assert.True(reply.IsSigned);
        Assert.False(reply.Message.IsTruncated);
        Assert.Equal(texts.Length, reply.Message.Answers.Count);
        Assert.Superset(texts.ToHashSet(), reply.Message.Answers.Select(record => record.Data).ToHashSet());
    }

    [Fact]
    public async Task Finder_AskingTheServer_FindsZoneAndPort()
    {
        var finder = new ZoneServerFinder(Client(), new FixedNameServers(_server.EndPoint));
        ZoneServers found = await finder.FindAsync(NameServer.Account.Prepend("deep").Prepend("very"));
        Assert.Equal(NameServer.Zone, found.Zone);
        Assert.Equal([_server.EndPoint], found.Primary);
        Assert.Empty(found.LongLivedQueries);
    }

    [Fact]
    public async Task Watch_WithoutLongLivedQueries_PollsAndSeesTheChange()
    {
        using TsigKey key = NameServer.MakeKey();
        using ZoneLocator zone = Locator(key);
        var options = new LlqClientOptions { KeepaliveInterval = TimeSpan.FromMilliseconds(300) };
        DnsName name = NameServer.Account.Prepend("watched");
        var question = new DnsQuestion(name, DnsType.TXT);
        await using var watcher = new LlqClient(zone, Client(), new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System, options);
        watcher.Watch(question);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Empty((await watcher.Changes.ReadAsync(deadline.Token)).Records);
        Assert.True((await watcher.States.ReadAsync(deadline.Token)).IsPolling);
        Assert.Equal(WatchMode.Polling, watcher.Mode);

        await new DnsUpdateClient(Client()).UpdateAsync(new DnsUpdateBuilder(NameServer.Zone).Add(name, 60, new TxtData("new")), [_server.EndPoint], key, s_lease);
        RecordSetChange change = await watcher.Changes.ReadAsync(deadline.Token);
        Assert.Equal(new TxtData("new"), Assert.Single(change.Records).Data);
    }

    [Fact]
    public async Task Server_ThatIsNotThere_IsUnreachable()
    {
        var nobody = new IPEndPoint(IPAddress.Loopback, 1);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => Client().QueryAsync(new DnsQuestion(NameServer.Zone, DnsType.SOA), [nobody]));
        Assert.Equal((BtmmErrorReason.Unreachable, nobody), (error.Reason, error.Endpoint));
        DnsReply reply = await Client().QueryAsync(new DnsQuestion(NameServer.Zone, DnsType.SOA), [nobody, _server.EndPoint]);
        Assert.Equal(_server.EndPoint, reply.Server);
    }

    private static DnsClient Client(TimeProvider? time = null)
        => new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, time ?? TimeProvider.System);

    private ZoneLocator Locator(TsigKey key) => new(
        NameServer.Account, [new ZoneServer("127.0.0.1", _server.EndPoint.Port)], key, new ZoneServerFinder(Client(), new FixedNameServers()));

    private Task<BtmmException> FailAsync(DnsName name, TsigKey key, TimeProvider? time = null)
    {
        DnsUpdateBuilder update = new DnsUpdateBuilder(NameServer.Zone).Replace(name.Prepend("wrong"), 60, new TxtData("x"));
        return Assert.ThrowsAsync<BtmmException>(() => new DnsUpdateClient(Client(time)).UpdateAsync(update, [_server.EndPoint], key, s_lease));
    }
}
