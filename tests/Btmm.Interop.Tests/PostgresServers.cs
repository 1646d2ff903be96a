using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;
using Btmm.Server;
using Btmm.Server.Administration;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Two zone services in this process, each with its own connections to one database.</summary>
internal sealed class PostgresServers : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<PostgresZoneStore> _stores = [];
    private readonly CatalogSeal _seal = CatalogSeal.Ephemeral();

    private PostgresServers(PostgresDatabase database) => Database = database;

    internal PostgresDatabase Database { get; }

    internal BtmmAccount Account { get; } = BtmmAccount.Create(DnsName.Parse(ServerFixture.Domain), SystemRandomSource.Instance);

    internal List<ZoneService> Services { get; } = [];

    internal ZoneService A => Services[0];

    internal ZoneService B => Services[1];

    /// <summary>Starts the two.</summary>
    /// <param name="database">Their database.</param>
    /// <param name="userOfB">The role that the second one logs in as; null for that of the first.</param>
    /// <param name="change">Changes their options.</param>
    internal static async Task<PostgresServers> StartAsync(
        PostgresDatabase database, string? userOfB = null, Func<ZoneServiceOptions, ZoneServiceOptions>? change = null)
    {
        var servers = new PostgresServers(database);
        await servers.AddAsync("ns1", database.Address, change);
        await servers.AddAsync("ns2", userOfB is null ? database.Address : $"{database.Address};Username={userOfB}", change);
        await Eventually.HoldsAsync(() => Serial(servers.A) == Serial(servers.B), "each has heard of the other");
        return servers;
    }

    internal DnsName Name(string relative) => Account.Domain.PrependLabels(relative);

    internal DnsUpdateBuilder Update() => new(Account.Domain);

    /// <summary>Sends an update to one of the servers, which must take it.</summary>
    internal Task UpdateAsync(ZoneService server, DnsUpdateBuilder update, TimeSpan? lease = null) =>
        new DnsUpdateClient(Client()).UpdateAsync(update, [server.Endpoints[0]], Account.UpdateKey, lease);

    /// <summary>Asks one of the servers.</summary>
    internal async Task<IReadOnlyList<DnsRecord>> QueryAsync(ZoneService server, string relative, DnsType type) =>
        (await Client().QueryAsync(new DnsQuestion(Name(relative), type), [server.Endpoints[0]], Account.UpdateKey)).Message.Answers;

    /// <summary>A long-lived query at one of the servers, whose first answer has come.</summary>
    internal async Task<LlqClient> WatchAsync(ZoneService server, string relative, DnsType type)
    {
        var locator = new ZoneLocator(
            Account.Domain,
            [new ZoneServer($"{server.Endpoints[0].Address}", server.Endpoints[0].Port, null)],
            Account.UpdateKey,
            new ZoneServerFinder(Client(), new FixedNameServers(server.Endpoints[0])));
        var watcher = new LlqClient(locator, Client(), new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System);
        watcher.Watch(new DnsQuestion(Name(relative), type));
        await NextAsync(watcher);
        Assert.Equal(WatchMode.LongLivedQueries, watcher.Mode);
        return watcher;
    }

    internal static async Task<IReadOnlyList<DnsRecord>> NextAsync(LlqClient watcher)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        return (await watcher.Changes.ReadAsync(timeout.Token)).Records;
    }

    /// <summary>The zone as the database has it.</summary>
    internal ValueTask<ZoneImage> LoadAsync() => _stores[0].LoadAsync(Account.Domain, CancellationToken.None);

    /// <summary>The journal from a serial on.</summary>
    internal ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(uint serial) => _stores[0].ReadJournalAsync(Account.Domain, serial, CancellationToken.None);

    internal static uint Serial(ZoneService server) => server.GetStatus().Zones[0].Serial;

    internal static DnsData Address(int number) => new AData(new IPAddress([192, 0, (byte)(number >> 8), (byte)number]));

    public async ValueTask DisposeAsync()
    {
        foreach (ZoneService service in Services)
            await service.DisposeAsync();
        foreach (PostgresZoneStore store in _stores)
            await store.DisposeAsync();
        Account.Dispose();
        _seal.Dispose();
    }

    private static DnsClient Client() => new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    private async Task AddAsync(string label, string address, Func<ZoneServiceOptions, ZoneServiceOptions>? change)
    {
        PostgresZoneStore store = await PostgresZoneStore.OpenAsync(address);
        _stores.Add(store);
        var options = new ZoneServiceOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Zones = [ZoneOptions.ForAccount(Account)],
            ServerLabel = label,
            Store = store,
            Seal = _seal,
        };
        var service = new ZoneService(change is null ? options : change(options));
        Services.Add(service);
        await service.StartAsync();
    }
}
