using System.Net;
using System.Threading.Channels;
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
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Our DNS client against our zone service over real loopback sockets: both sides' own code, no fakes.</summary>
public sealed class ServerClientTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Servers_AreFoundByTheZonesOwnRecords()
    {
        await using ServerFixture server = await WithLlqPortAsync();
        var finder = new ZoneServerFinder(Client(), new FixedNameServers(server.Endpoint));
        ZoneServers found = await finder.FindAsync(DnsName.Parse($"studio.{ServerFixture.Domain}"));
        Assert.Equal(server.Account.Domain, found.Zone);
        Assert.Equal([server.Endpoint], found.Primary);
        Assert.Equal(server.Service.LongLivedQueryEndpoints, found.LongLivedQueries);
    }

    [Fact]
    public async Task Update_WithLease_IsGrantedPublishedAndWithdrawn()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        DnsName studio = DnsName.Parse($"studio.{ServerFixture.Domain}");
        DnsRecord record = Address(studio, "fd00::1");
        DnsUpdateResult result = await UpdateAsync(server, new DnsUpdateBuilder(server.Account.Domain).Replace(studio, record.Ttl, record.Data), TimeSpan.FromMinutes(90));
        Assert.True(result.IsLeaseHonoured);
        Assert.Equal(TimeSpan.FromMinutes(90), result.Lease);
        DnsReply reply = await Client().QueryAsync(new DnsQuestion(studio, DnsType.AAAA), [server.Endpoint], server.Account.UpdateKey);
        Assert.True(reply.IsSigned);
        Assert.Equal(record.Data, Assert.Single(reply.Message.Answers).Data);
        Assert.Equal(1, server.Service.GetStatus().Zones[0].LeasedRecords);
        await UpdateAsync(server, new DnsUpdateBuilder(server.Account.Domain).DeleteName(studio), null);
        Assert.Equal(0, server.Service.GetStatus().Zones[0].LeasedRecords);
    }

    [Fact]
    public async Task Errors_OfTheServer_HaveTheirReasons()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        using var wrongSecret = new TsigKey(server.Account.UpdateKey.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        using var wrongName = new TsigKey(DnsName.Parse("nobody.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        await FailsAsync(server, wrongSecret, BtmmErrorReason.TsigBadSignature);
        await FailsAsync(server, wrongName, BtmmErrorReason.TsigBadKey);
        await FailsAsync(server, null, BtmmErrorReason.Refused);
        await using ServerFixture late = await ServerFixture.StartAsync(new ServerShiftedTime(TimeSpan.FromHours(2)));
        await FailsAsync(late, late.Account.UpdateKey, BtmmErrorReason.TsigBadTime);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_LongLivedQuery_TellsEveryChange(bool ownPort)
    {
        await using ServerFixture server = ownPort ? await WithLlqPortAsync() : await ServerFixture.StartAsync();
        DnsName list = DnsName.Parse($"_autotunnel._udp.{ServerFixture.Domain}");
        await AddAsync(server, Pointer(list, "studio"), TimeSpan.FromMinutes(90));
        await using LlqClient watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(list, DnsType.PTR));
        Assert.Single((await NextAsync(watcher.Changes)).Records);
        Assert.Equal(WatchMode.LongLivedQueries, watcher.Mode);
        Assert.Equal(1, server.Service.GetStatus().LongLivedQueries);

        await AddAsync(server, Pointer(list, "laptop"), TimeSpan.FromMinutes(90));
        Assert.Equal(2, (await NextAsync(watcher.Changes)).Records.Count);
        await UpdateAsync(server, new DnsUpdateBuilder(server.Account.Domain).Delete(list, Pointer(list, "studio").Data), null);
        RecordSetChange last = await NextAsync(watcher.Changes);
        Assert.Equal(Pointer(list, "laptop").Data, Assert.Single(last.Records).Data);
        Assert.Equal(2, server.Service.GetStatus().Counters.EventsSent);
        Assert.Equal(0, server.Service.GetStatus().Counters.EventsUnanswered);

        await watcher.DisposeAsync();
        await Eventually.HoldsAsync(() => server.Service.GetStatus().LongLivedQueries == 0, "the query has ended");
    }

    [Fact]
    public async Task Watch_EndOfALease_IsTold()
    {
        await using ServerFixture server = await ServerFixture.StartAsync(change: options =>
            options with { RecordLease = new LeaseBounds(TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6)) });
        DnsName studio = DnsName.Parse($"studio.{ServerFixture.Domain}");
        await using LlqClient watcher = Watcher(server);
        watcher.Watch(new DnsQuestion(studio, DnsType.AAAA));
        Assert.Empty((await NextAsync(watcher.Changes)).Records);
        await AddAsync(server, Address(studio, "fd00::1"), TimeSpan.FromSeconds(6));
        Assert.Single((await NextAsync(watcher.Changes)).Records);
        Assert.Empty((await NextAsync(watcher.Changes)).Records);
        Assert.Equal(1, server.Service.GetStatus().Counters.LeasesExpired);
    }

    [Fact]
    public async Task Watch_AfterARestartOfTheService_GoesOn()
    {
        await using ServerFixture first = await ServerFixture.StartAsync();
        DnsName studio = DnsName.Parse($"studio.{ServerFixture.Domain}");
        await using LlqClient watcher = Watcher(first, new LlqClientOptions { KeepaliveInterval = TimeSpan.FromSeconds(1), MaxRetryDelay = TimeSpan.FromSeconds(1) });
        watcher.Watch(new DnsQuestion(studio, DnsType.AAAA));
        Assert.Empty((await NextAsync(watcher.Changes)).Records);
        IPEndPoint endpoint = first.Endpoint;
        await first.Service.StopAsync();
        await using ZoneService second = await ServerFixture.StartServiceAsync(new ZoneServiceOptions { Endpoints = [endpoint], Zones = [ZoneOptions.ForAccount(first.Account)] });
        var update = new DnsUpdateBuilder(first.Account.Domain).Replace(studio, 120, Address(studio, "fd00::7").Data);
        await new DnsUpdateClient(Client()).UpdateAsync(update, [endpoint], first.Account.UpdateKey, TimeSpan.FromMinutes(60));
        Assert.Single((await NextAsync(watcher.Changes)).Records);
    }

    private static Task<ServerFixture> WithLlqPortAsync() =>
        ServerFixture.StartAsync(change: options => options with { LongLivedQueryEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });

    private static DnsClient Client() => new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    private static LlqClient Watcher(ServerFixture server, LlqClientOptions? options = null)
    {
        IPEndPoint? llq = server.Service.LongLivedQueryEndpoints is [{ } own, ..] ? own : null;
        var locator = new ZoneLocator(
            server.Account.Domain,
            [new ZoneServer($"{server.Endpoint.Address}", server.Endpoint.Port, llq?.Port)],
            server.Account.UpdateKey,
            new ZoneServerFinder(Client(), new FixedNameServers(server.Endpoint)));
        return new LlqClient(locator, Client(), new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System, options);
    }

    private static DnsRecord Address(DnsName name, string address) => new(name, 120, new AaaaData(IPAddress.Parse(address)));

    private static DnsRecord Pointer(DnsName list, string host) => new(list, 120, new PtrData(DnsName.Parse($"_autotunnel._udp.{host}.{ServerFixture.Domain}")));

    private static Task<DnsUpdateResult> UpdateAsync(ServerFixture server, DnsUpdateBuilder update, TimeSpan? lease) =>
        new DnsUpdateClient(Client()).UpdateAsync(update, [server.Endpoint], server.Account.UpdateKey, lease);

    private static Task AddAsync(ServerFixture server, DnsRecord record, TimeSpan lease) =>
        UpdateAsync(server, new DnsUpdateBuilder(server.Account.Domain).AddRange([record]), lease);

    private static async Task FailsAsync(ServerFixture server, TsigKey? key, BtmmErrorReason reason)
    {
        var update = new DnsUpdateBuilder(server.Account.Domain).AddRange([Address(DnsName.Parse($"studio.{ServerFixture.Domain}"), "fd00::1")]);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => new DnsUpdateClient(Client()).UpdateAsync(update, [server.Endpoint], key, null));
        Assert.Equal(reason, error.Reason);
    }

    private static async Task<RecordSetChange> NextAsync(ChannelReader<RecordSetChange> changes)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        return await changes.ReadAsync(timeout.Token);
    }
}
