using System.Diagnostics;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Two zone services on one PostgreSQL database.</summary>
public sealed class PostgresServiceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string List = "_autotunnel._udp";

    [Fact]
    public async Task Update_ThroughEither_IsToldByLongLivedQueriesAtBoth()
    {
        await using PostgresServers servers = await PostgresServers.StartAsync(await postgres.CreateAsync());
        await using LlqClient atA = await servers.WatchAsync(servers.A, List, DnsType.PTR);
        await using LlqClient atB = await servers.WatchAsync(servers.B, List, DnsType.PTR);
        var times = new List<double>();
        for (int i = 1; i <= 20; i++)
        {
            ZoneService server = servers.Services[i % 2];
            await servers.UpdateAsync(server, servers.Update().Add(servers.Name(List), 120, new PtrData(servers.Name($"h{i}"))), TimeSpan.FromMinutes(90));
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(i, (await PostgresServers.NextAsync(server == servers.A ? atB : atA)).Count);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Assert.Equal(i, (await PostgresServers.NextAsync(server == servers.A ? atA : atB)).Count);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"from the answer at one server to the event from the other: median {times.Order().ElementAt(10):F1} ms, longest {times.Max():F1} ms");
        Assert.Equal(PostgresServers.Serial(servers.A), PostgresServers.Serial(servers.B));
        Assert.Equal([servers.Name("ns1"), servers.Name("ns2")], (await servers.QueryAsync(servers.A, "_dns-update._udp", DnsType.SRV)).Select(static record => ((SrvData)record.Data).Target).Order());
    }

    [Fact]
    public async Task Updates_ThroughBothAtOnce_AreAllThereOnceInOneJournal()
    {
        const int clients = 8;
        const int each = 40;
        await using PostgresServers servers = await PostgresServers.StartAsync(await postgres.CreateAsync());
        await using LlqClient watcher = await servers.WatchAsync(servers.A, List, DnsType.PTR);
        uint start = PostgresServers.Serial(servers.A);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++)
            {
                await servers.UpdateAsync(servers.Services[client % 2], servers.Update()
                    .Replace(servers.Name($"c{client}"), 120, PostgresServers.Address(i))
                    .Add(servers.Name(List), 120, new PtrData(servers.Name($"h{i}.c{client}"))));
            }
        })));

        await Eventually.HoldsAsync(() => servers.Services.All(server => PostgresServers.Serial(server) == start + (clients * each)), () => $"{start} + {clients * each}: {PostgresServers.Serial(servers.A)} and {PostgresServers.Serial(servers.B)}");
        foreach (ZoneService server in servers.Services)
        {
            for (int client = 0; client < clients; client++)
                Assert.Equal(PostgresServers.Address(each - 1), Assert.Single(await servers.QueryAsync(server, $"c{client}", DnsType.A)).Data);
            Assert.Equal(clients * each, (await servers.QueryAsync(server, List, DnsType.PTR)).Count);
            Assert.False(server.Store.IsFailing);
        }

        IReadOnlyList<ZoneJournalEntry>? journal = await servers.ReadJournalAsync(start);
        Assert.Equal(Enumerable.Range(0, clients * each).Select(i => (start + (uint)i, start + (uint)i + 1)), journal?.Select(static entry => (entry.SerialBefore, entry.SerialAfter)));
        Assert.Equal(clients * each, journal!.SelectMany(static entry => entry.Added).Where(static record => record.Type == DnsType.PTR).Distinct().Count());
        int told = 0;
        while (told < clients * each)
        {
            int next = (await PostgresServers.NextAsync(watcher)).Count;
            Assert.True(next > told);
            told = next;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"commits {servers.A.GetStatus().Counters.Commits} and {servers.B.GetStatus().Counters.Commits}, overtaken {servers.A.GetStatus().Counters.CommitsOvertaken} and {servers.B.GetStatus().Counters.CommitsOvertaken}");
    }

    [Fact]
    public async Task Database_StoppedAndStartedAgain_RefusesUpdatesMeanwhileAndGoesOn()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresServers servers = await PostgresServers.StartAsync(database);
        await servers.UpdateAsync(servers.A, servers.Update().Add(servers.Name("studio"), 120, PostgresServers.Address(1)));
        await Eventually.HoldsAsync(() => PostgresServers.Serial(servers.A) == PostgresServers.Serial(servers.B), "both have it");
        await using LlqClient atB = await servers.WatchAsync(servers.B, "studio", DnsType.A);
        await database.Server.StopAsync(crash: true);
        try
        {
            await Eventually.HoldsAsync(() => servers.Services.All(static server => server.Store.IsFailing), "both have noticed");
            foreach (ZoneService server in servers.Services)
            {
                long start = Stopwatch.GetTimestamp();
                BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => servers.UpdateAsync(server, servers.Update().Add(servers.Name("studio"), 120, PostgresServers.Address(2))));
                Assert.Equal(BtmmErrorReason.ServerFailure, error.Reason);
                Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(3));
                Assert.Equal(PostgresServers.Address(1), Assert.Single(await servers.QueryAsync(server, "studio", DnsType.A)).Data);
            }
        }
        finally
        {
            await database.Server.BeginAsync();
        }

        TimeSpan took = await Eventually.HoldsAsync(() => servers.Services.All(static server => !server.Store.IsFailing), "both go on");
        TestContext.Current.TestOutputHelper?.WriteLine($"both went on {took.TotalSeconds:F1} s after the database was ready");
        await servers.UpdateAsync(servers.A, servers.Update().Replace(servers.Name("studio"), 120, PostgresServers.Address(3)));
        Assert.Equal(PostgresServers.Address(3), Assert.Single(await PostgresServers.NextAsync(atB)).Data);
        await servers.UpdateAsync(servers.B, servers.Update().Replace(servers.Name("studio"), 120, PostgresServers.Address(4)));
        Assert.Equal(PostgresServers.Address(4), Assert.Single(await PostgresServers.NextAsync(atB)).Data);
    }

    [Fact]
    public async Task Server_CutOffFromTheDatabase_ServesWhatItHasAndCatchesUp()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        string role = $"b_{database.Name}";
        await database.SqlAsync($"CREATE ROLE {role} SUPERUSER LOGIN");
        await using PostgresServers servers = await PostgresServers.StartAsync(database, role);
        await servers.UpdateAsync(servers.A, servers.Update().Add(servers.Name("studio"), 120, PostgresServers.Address(1)));
        await Eventually.HoldsAsync(() => PostgresServers.Serial(servers.A) == PostgresServers.Serial(servers.B), "both have it");
        await using LlqClient atB = await servers.WatchAsync(servers.B, "studio", DnsType.A);
        await database.SqlAsync($"ALTER ROLE {role} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
        await Eventually.HoldsAsync(() => servers.B.Store.IsFailing, "B has noticed");

        await servers.UpdateAsync(servers.A, servers.Update().Replace(servers.Name("studio"), 120, PostgresServers.Address(2)));
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => servers.UpdateAsync(servers.B, servers.Update().Add(servers.Name("studio"), 120, PostgresServers.Address(3))));
        Assert.Equal(BtmmErrorReason.ServerFailure, error.Reason);
        Assert.Equal(PostgresServers.Address(1), Assert.Single(await servers.QueryAsync(servers.B, "studio", DnsType.A)).Data);
        Assert.Equal(PostgresServers.Address(2), Assert.Single(await servers.QueryAsync(servers.A, "studio", DnsType.A)).Data);

        await database.SqlAsync($"ALTER ROLE {role} LOGIN");
        Assert.Equal(PostgresServers.Address(2), Assert.Single(await PostgresServers.NextAsync(atB)).Data);
        Assert.Equal(PostgresServers.Serial(servers.A), PostgresServers.Serial(servers.B));
        await servers.UpdateAsync(servers.B, servers.Update().Replace(servers.Name("studio"), 120, PostgresServers.Address(4)));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_ThatEnds_IsTakenOutOnceAndToldAtBothToTheSecond()
    {
        var lease = new LeaseBounds(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3));
        await using PostgresServers servers = await PostgresServers.StartAsync(await postgres.CreateAsync(), change: options => options with { RecordLease = lease });
        await using LlqClient atA = await servers.WatchAsync(servers.A, "studio", DnsType.A);
        await using LlqClient atB = await servers.WatchAsync(servers.B, "studio", DnsType.A);
        uint before = PostgresServers.Serial(servers.A);
        long start = Stopwatch.GetTimestamp();
        await servers.UpdateAsync(servers.A, servers.Update().Add(servers.Name("studio"), 120, PostgresServers.Address(1)), lease.Minimum);
        Assert.Single(await PostgresServers.NextAsync(atA));
        Assert.Single(await PostgresServers.NextAsync(atB));
        Assert.Empty(await PostgresServers.NextAsync(atA));
        Assert.Empty(await PostgresServers.NextAsync(atB));
        Assert.InRange(Stopwatch.GetElapsedTime(start), lease.Minimum - TimeSpan.FromMilliseconds(50), lease.Minimum + TimeSpan.FromSeconds(3));
        TestContext.Current.TestOutputHelper?.WriteLine($"told at both {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s after the update with a lease of 3 s");
        Assert.Equal(2, (await servers.ReadJournalAsync(before))?.Count);
        await Eventually.HoldsAsync(() => servers.Services.All(server => PostgresServers.Serial(server) == before + 2), "both are at the same serial");
        Assert.Equal(1, servers.Services.Sum(static server => server.GetStatus().Counters.LeasesExpired));
    }

    [Fact]
    public async Task Zone_AddedAtOne_IsServedAndChangedAtTheOther()
    {
        await using PostgresServers servers = await PostgresServers.StartAsync(await postgres.CreateAsync());
        DnsName bob = DnsName.Parse("bob.members.example.net");
        using var key = new TsigKey(DnsName.Parse("bob-key"), TsigAlgorithm.HmacSha256, new byte[32]);
        await servers.A.Administration.PutZoneAsync(new ZoneSettings(bob), replace: false);
        await servers.A.Administration.PutKeyAsync(new KeySettings(key, [KeyGrant.WholeZone(bob)]), replace: false);
        await Eventually.HoldsAsync(() => servers.B.Administration.GetKeysAsync().Result.Any(item => item.Name == key.Name), "the key is there");
        await Eventually.HoldsAsync(() => servers.B.Administration.GetZonesAsync().Result.Any(item => item.Apex == bob), "the zone is there");
        await servers.B.Administration.RemoveKeyAsync(key.Name);
        await servers.B.Administration.RemoveZoneAsync(bob);
        await Eventually.HoldsAsync(() => !servers.A.Administration.GetZonesAsync().Result.Any(item => item.Apex == bob), "the zone is gone");
        Assert.Equal("0", await servers.Database.SqlAsync("SELECT count(*) FROM btmm.record AS r WHERE NOT EXISTS (SELECT 1 FROM btmm.zone AS z WHERE z.id = r.zone)"));
    }
}
