using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Our client's long-lived queries over one real TLS connection to our zone service.</summary>
public sealed class ServerLlqTlsTests : IDisposable
{
    private static readonly DnsName s_domain = DnsName.Parse(ServerFixture.Domain);

    private readonly DnsClient _client = new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Watch_OverTls_TellsChangesOfManySetsOnOneConnection()
    {
        await using ServerFixture server = await StartAsync();
        await using LlqClient watcher = Watcher(server);
        for (int i = 0; i < 20; i++)
            watcher.Watch(Question(i));
        for (int i = 0; i < 20; i++)
            Assert.Empty((await NextAsync(watcher)).Records);
        Assert.Equal(WatchMode.LongLivedQueriesOverTls, watcher.Mode);
        await Eventually.HoldsAsync(() => server.Service.GetStatus().LongLivedQueries == 20, "all are set up");

        await UpdateAsync(server, Enumerable.Range(0, 20).Aggregate(new DnsUpdateBuilder(s_domain), static (update, i) => update.Add(Question(i).Name, 120, Address(i))));
        var told = new HashSet<DnsName>();
        while (told.Count < 20)
        {
            RecordSetChange change = await NextAsync(watcher);
            Assert.Single(change.Records);
            told.Add(change.Question.Name);
        }

        ZoneServiceStatus status = server.Service.GetStatus();
        Assert.Equal((20, 0), (status.Counters.EventsSent, status.Counters.EventsUnanswered));
        watcher.Unwatch(Question(3));
        await Eventually.HoldsAsync(() => server.Service.GetStatus().LongLivedQueries == 19, "one has ended");
        await UpdateAsync(server, new DnsUpdateBuilder(s_domain).DeleteName(Question(4).Name));
        Assert.Empty((await NextAsync(watcher)).Records);

        await watcher.DisposeAsync();
        await Eventually.HoldsAsync(() => server.Service.GetStatus().LongLivedQueries == 0, "all have ended");
    }

    [Fact]
    public async Task Watch_WhenTheServiceRestarts_GoesOnWithoutNewsOfWhatIsTheSame()
    {
        var store = new Btmm.Server.Storage.MemoryZoneStore();
        await using ServerFixture first = await StartAsync(options => options with { Store = store });
        await UpdateAsync(first, new DnsUpdateBuilder(s_domain).Add(Question(1).Name, 120, Address(1)));
        await using LlqClient watcher = Watcher(first);
        watcher.Watch(Question(1));
        Assert.Single((await NextAsync(watcher)).Records);
        (IPEndPoint clear, IPEndPoint tls) = (first.Endpoint, first.Service.TlsEndpoints[0]);
        await first.Service.StopAsync();

        await using ZoneService second = await ServerFixture.StartServiceAsync(new ZoneServiceOptions
        {
            Endpoints = [clear], TlsEndpoints = [tls], Zones = [ZoneOptions.ForAccount(first.Account)], Store = store,
        });
        await Eventually.HoldsAsync(() => second.GetStatus().LongLivedQueries == 1, "the query is set up again");
        var update = new DnsUpdateBuilder(s_domain).Replace(Question(1).Name, 120, Address(2));
        await new DnsUpdateClient(_client).UpdateAsync(update, [clear], first.Account.UpdateKey, TimeSpan.FromMinutes(90));
        Assert.Equal(Address(2), Assert.Single((await NextAsync(watcher)).Records).Data);
    }

    [Fact]
    public async Task Watch_AfterAChangeOfNetwork_IsOnANewConnection()
    {
        await using ServerFixture server = await StartAsync();
        await using LlqClient watcher = Watcher(server);
        watcher.Watch(Question(1));
        Assert.Empty((await NextAsync(watcher)).Records);
        watcher.NetworkChanged();
        await UpdateAsync(server, new DnsUpdateBuilder(s_domain).Add(Question(1).Name, 120, Address(1)));
        Assert.Single((await NextAsync(watcher)).Records);
        await Eventually.HoldsAsync(() => server.Service.GetStatus().LongLivedQueries == 1, "the old connection's query has ended");
    }

    [Fact]
    public async Task Watch_EndOfALease_IsTold()
    {
        await using ServerFixture server = await StartAsync(options => options with { RecordLease = new LeaseBounds(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(4)) });
        await using LlqClient watcher = Watcher(server);
        watcher.Watch(Question(1));
        Assert.Empty((await NextAsync(watcher)).Records);
        await UpdateAsync(server, new DnsUpdateBuilder(s_domain).Add(Question(1).Name, 120, Address(1)));
        Assert.Single((await NextAsync(watcher)).Records);
        Assert.Empty((await NextAsync(watcher)).Records);
        Assert.Equal(WatchMode.LongLivedQueriesOverTls, watcher.Mode);
    }

    private static DnsQuestion Question(int number) => new(s_domain.Prepend($"h{number}"), DnsType.AAAA);

    private static AaaaData Address(int number) => new(IPAddress.Parse($"fd00::{number}"));

    private static Task<ServerFixture> StartAsync(Func<ZoneServiceOptions, ZoneServiceOptions>? change = null) => ServerFixture.StartAsync(change: options =>
    {
        options = options with { TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] };
        return change is null ? options : change(options);
    });

    private static async Task<RecordSetChange> NextAsync(LlqClient watcher)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await watcher.Changes.ReadAsync(patience.Token);
    }

    private LlqClient Watcher(ServerFixture server)
    {
        var finder = new ZoneServerFinder(_client, new FixedNameServers(server.Endpoint));
        var locator = new ZoneLocator(s_domain, [], server.Account.UpdateKey, finder, server.Account.Authority);
        return new LlqClient(locator, _client, new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System);
    }

    private async Task UpdateAsync(ServerFixture server, DnsUpdateBuilder update) =>
        await new DnsUpdateClient(_client).UpdateAsync(update, [server.Endpoint], server.Account.UpdateKey, TimeSpan.FromMinutes(90));
}
