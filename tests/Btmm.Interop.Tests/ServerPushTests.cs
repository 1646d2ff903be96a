using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Push;
using Btmm.Core.Peers;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Our client watches our zone service over real TLS by DNS Push (RFC 8765), and by what else there is when that is not there.</summary>
public sealed class ServerPushTests : IDisposable
{
    private static readonly DnsName s_domain = DnsName.Parse(ServerFixture.Domain);
    private static readonly DnsName s_studio = s_domain.Prepend("studio");

    private readonly DnsClient _client = new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    public void Dispose() => _client.Dispose();

    [Fact]
    [Trait("rfc", "8765§6.3")]
    public async Task Watch_ByPush_TellsEveryChange()
    {
        await using ServerFixture server = await StartAsync();
        await UpdateAsync(server, update => update.Add(s_studio, 120, Address(1)));
        await using ZoneWatcher watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        watcher.Watch(new DnsQuestion(s_studio, DnsType.TXT));
        Assert.Equal([Address(1)], await NextAsync(watcher, DnsType.AAAA));
        Assert.Empty(await NextAsync(watcher, DnsType.TXT));
        await Eventually.HoldsAsync(() => watcher.Mode == WatchMode.Push, "Push is used");
        ZoneServiceStatus status = server.Service.GetStatus();
        Assert.Equal((2, 0), (status.PushSubscriptions, status.LongLivedQueries));

        long before = status.Counters.PushesSent;
        await UpdateAsync(server, update => update.Replace(s_studio, 120, Address(2)).Add(s_studio, 120, new TxtData("x")));
        Assert.Equal([Address(2)], await NextAsync(watcher, DnsType.AAAA));
        Assert.Single(await NextAsync(watcher, DnsType.TXT));
        await Eventually.HoldsAsync(() => server.Service.GetStatus().Counters.PushesSent - before == 1, "all of an update came in one message");
        await UpdateAsync(server, update => update.DeleteName(s_studio));
        Assert.Empty(await NextAsync(watcher, DnsType.AAAA));
        await Eventually.HoldsAsync(() => server.Service.GetStatus().Counters.PushesSent - before == 2, "and all of the next one");
        watcher.Unwatch(new DnsQuestion(s_studio, DnsType.TXT));
        await Eventually.HoldsAsync(() => server.Service.GetStatus().PushSubscriptions == 1, "one is ended");
        await watcher.DisposeAsync();
        await Eventually.HoldsAsync(() => server.Service.GetStatus().PushSubscriptions == 0, "all are ended");
    }

    [Fact]
    public async Task Watch_EndOfALease_IsTold()
    {
        await using ServerFixture server = await StartAsync(options => options with { RecordLease = new LeaseBounds(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)) });
        await using ZoneWatcher watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        Assert.Empty(await NextAsync(watcher, DnsType.AAAA));
        await UpdateAsync(server, update => update.Add(s_studio, 120, Address(1)));
        Assert.Single(await NextAsync(watcher, DnsType.AAAA));
        Assert.Empty(await NextAsync(watcher, DnsType.AAAA));
        Assert.Equal(WatchMode.Push, watcher.Mode);
    }

    [Fact]
    [Trait("rfc", "8490§6.6.3")]
    public async Task Watch_AfterARestartOfTheService_TellsWhatIsDifferentOnly()
    {
        var store = new Btmm.Server.Storage.MemoryZoneStore();
        await using ServerFixture first = await StartAsync(options => options with { Store = store });
        await UpdateAsync(first, update => update.Add(s_studio, 120, Address(1)).Add(s_domain.Prepend("laptop"), 120, Address(7)));
        await using ZoneWatcher watcher = Watcher(first);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        watcher.Watch(new DnsQuestion(s_domain.Prepend("laptop"), DnsType.AAAA));
        await watcher.Changes.ReadAsync(Patience());
        await watcher.Changes.ReadAsync(Patience());
        (IPEndPoint clear, IPEndPoint tls) = (first.Endpoint, first.Service.TlsEndpoints[0]);
        await first.Service.StopAsync();

        await using ZoneService second = await ServerFixture.StartServiceAsync(new ZoneServiceOptions
        {
            Endpoints = [clear], TlsEndpoints = [tls], Zones = [ZoneOptions.ForAccount(first.Account)], Store = store,
        });
        var update = new DnsUpdateBuilder(s_domain).Replace(s_studio, 120, Address(2));
        await new DnsUpdateClient(_client).UpdateAsync(update, [clear], first.Account.UpdateKey, TimeSpan.FromMinutes(90));
        RecordSetChange change = await watcher.Changes.ReadAsync(Patience());
        Assert.Equal((s_studio, Address(2)), (change.Question.Name, Assert.Single(change.Records).Data));
        await Eventually.HoldsAsync(() => watcher.Mode == WatchMode.Push && second.GetStatus().PushSubscriptions == 2, "Push is used again");
        Assert.False(watcher.Changes.TryRead(out _));
    }

    [Fact]
    public async Task NetworkChange_LeadsToANewConnectionWithoutNews()
    {
        await using ServerFixture server = await StartAsync();
        await UpdateAsync(server, update => update.Add(s_studio, 120, Address(1)));
        await using ZoneWatcher watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        Assert.Single(await NextAsync(watcher, DnsType.AAAA));
        await Eventually.HoldsAsync(() => watcher.Mode == WatchMode.Push, "Push is used");
        long before = server.Service.GetStatus().Counters.PushesSent;
        watcher.NetworkChanged();
        await Eventually.HoldsAsync(() => server.Service.GetStatus().Counters.PushesSent > before, "the set is told on a new connection");
        await UpdateAsync(server, update => update.Replace(s_studio, 120, Address(2)));
        Assert.Equal([Address(2)], await NextAsync(watcher, DnsType.AAAA));
        Assert.Equal(1, server.Service.GetStatus().PushSubscriptions);
    }

    [Fact]
    public async Task Watch_OfAZoneWithoutTls_UsesLongLivedQueries()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await using ZoneWatcher watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        Assert.Empty(await NextAsync(watcher, DnsType.AAAA));
        Assert.Equal(WatchMode.LongLivedQueries, watcher.Mode);
        await UpdateAsync(server, update => update.Add(s_studio, 120, Address(1)));
        Assert.Single(await NextAsync(watcher, DnsType.AAAA));
    }

    [Fact]
    [Trait("rfc", "8765§6.8")]
    public async Task Watch_WhenPushIsTurnedAway_UsesLongLivedQueriesOverTlsAndPushAgainLater()
    {
        await using ServerFixture server = await StartAsync(options => options with { Limits = new ZoneServiceLimits { MaxPushSubscriptions = 1, PushRetryAfter = TimeSpan.FromSeconds(5) } });
        await using ZoneWatcher blocker = Watcher(server);
        blocker.Watch(new DnsQuestion(s_domain, DnsType.SOA));
        await NextAsync(blocker, DnsType.SOA);
        await using ZoneWatcher watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(s_studio, DnsType.AAAA));
        Assert.Empty(await NextAsync(watcher, DnsType.AAAA));
        Assert.Equal(WatchMode.LongLivedQueriesOverTls, watcher.Mode);
        await UpdateAsync(server, update => update.Add(s_studio, 120, Address(1)));
        Assert.Single(await NextAsync(watcher, DnsType.AAAA));

        await blocker.DisposeAsync();
        watcher.NetworkChanged(); // does not shorten what the server asked for
        await Eventually.HoldsAsync(() => watcher.Mode == WatchMode.Push, "Push is used");
        await UpdateAsync(server, update => update.Replace(s_studio, 120, Address(2)));
        Assert.Equal([Address(2)], await NextAsync(watcher, DnsType.AAAA));
        await Eventually.HoldsAsync(() => server.Service.GetStatus() is { LongLivedQueries: 0, PushSubscriptions: 1 }, "the queries have ended");
    }

    private static Task<ServerFixture> StartAsync(Func<ZoneServiceOptions, ZoneServiceOptions>? change = null) => ServerFixture.StartAsync(change: options =>
    {
        options = options with { TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] };
        return change is null ? options : change(options);
    });

    private static CancellationToken Patience() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private static AaaaData Address(int number) => new(IPAddress.Parse($"fd00::{number}"));

    private static async Task<DnsData[]> NextAsync(ZoneWatcher watcher, DnsType type)
    {
        RecordSetChange change = await watcher.Changes.ReadAsync(Patience());
        Assert.Equal(type, change.Question.Type);
        return [.. change.Records.Select(static record => record.Data)];
    }

    private ZoneWatcher Watcher(ServerFixture server, PushClientOptions? options = null)
    {
        var finder = new ZoneServerFinder(_client, new FixedNameServers(server.Endpoint));
        var locator = new ZoneLocator(s_domain, [], server.Account.UpdateKey, finder, server.Account.Authority);
        return new ZoneWatcher(locator, _client, new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System, options);
    }

    private async Task UpdateAsync(ServerFixture server, Func<DnsUpdateBuilder, DnsUpdateBuilder> change) => await new DnsUpdateClient(_client).UpdateAsync(
        change(new DnsUpdateBuilder(s_domain)), [server.Endpoint], server.Account.UpdateKey, TimeSpan.FromMinutes(90));
}
