using System.Collections.Concurrent;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>The PostgreSQL store by itself, against a real server.</summary>
public sealed class PostgresStoreTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DnsName s_zone = DnsName.Parse("Alice.members.example.net");
    private static readonly DnsName s_host = s_zone.PrependLabels("Studio");

    [Fact]
    public async Task Records_OfEveryKind_ComeBackAsTheyWere()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        DateTimeOffset end = DateTimeOffset.UtcNow + TimeSpan.FromHours(1);
        StoredRecord[] records =
        [
            Soa(7),
            Keep(new DnsRecord(s_host, 0, new AData(IPAddress.Loopback))),
            Keep(new DnsRecord(s_host, uint.MaxValue, new AaaaData(IPAddress.IPv6Loopback))),
            Keep(new DnsRecord(s_host, 60, new TxtData("model=Studio")), end),
            Keep(new DnsRecord(s_host, 60, new TxtData([.. Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), 255))]))),
            Keep(new DnsRecord(s_host, 60, new SrvData(1, 2, 51_820, s_host)), end),
            Keep(new DnsRecord(s_host, 60, new KeyData(512, 3, 13, new byte[64]))),
            Keep(new DnsRecord(s_host, 60, new UnknownData((DnsType)65_400, new byte[] { 0, 1, 255 }))),
            Keep(new DnsRecord(s_zone.PrependLabels("a\\.dot.\\000\\255"), 60, new PtrData(s_host))),
        ];
        await using (PostgresZoneStore store = await database.OpenAsync())
            Assert.True(await CommitAsync(store, await VersionAsync(store), Step(6, 7, [], records)));

        await using PostgresZoneStore again = await database.OpenAsync();
        ZoneImage image = await again.LoadAsync(DnsName.Parse("ALICE.members.example.net"), CancellationToken.None);
        Assert.Equal(records.Select(static item => item.Record).ToHashSet(), image.Records.Select(static item => item.Record).ToHashSet());
        Assert.Equal("Studio", image.Records.First(item => item.Record.Type == DnsType.KEY).Record.Name.FirstLabel);
        Assert.Equal(2, image.Records.Count(static item => item.LeaseEnd is not null));
        Assert.All(image.Records.Where(static item => item.LeaseEnd is not null), item => AssertNear(end, item.LeaseEnd));
        Assert.Empty((await again.LoadAsync(DnsName.Parse("other.example"), CancellationToken.None)).Records);
    }

    [Fact]
    public async Task Commit_OnAnOldVersion_ChangesNothingAndTheStepsTellWhy()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        DateTimeOffset end = DateTimeOffset.UtcNow + TimeSpan.FromHours(2);
        StoredRecord address = Keep(new DnsRecord(s_host, 60, new AData(IPAddress.Loopback)), end);
        StoredRecord slower = address with { Record = address.Record with { Ttl = 300 } };
        long start = await VersionAsync(a);
        Assert.True(await CommitAsync(a, start, Step(1, 2, [], [Soa(2), address])));
        long version = await VersionAsync(b);
        Assert.Equal(start + 1, version);
        Assert.Empty(await b.ReadStepsAsync(s_zone, version, CancellationToken.None) ?? [null!]);

        var answered = new SignedUpdate(new byte[] { 1, 2, 3 }, DnsRcode.YXDomain);
        Assert.True(await CommitAsync(
            a,
            version,
            Step(2, 3, [Soa(2).Record], [Soa(3), slower]) with { Replaced = [address.Record], Updates = [answered] },
            Step(3, 3, [], []) with { Leased = [slower with { LeaseEnd = end.AddHours(1) }] }));
        Assert.False(await CommitAsync(b, version, Step(2, 3, [address.Record], [Soa(3)])));
        Assert.Equal(2, (await b.LoadAsync(s_zone, CancellationToken.None)).Records.Count);

        IReadOnlyList<ZoneTransaction>? steps = await b.ReadStepsAsync(s_zone, version, CancellationToken.None);
        Assert.Equal(2, steps?.Count);
        Assert.Equal((version, 2u, 3u), (steps![0].Version, steps[0].SerialBefore, steps[0].SerialAfter));
        Assert.Equal([Soa(2).Record], steps[0].Removed);
        Assert.Equal([address.Record], steps[0].Replaced);
        Assert.Equal([Soa(3).Record, slower.Record], steps[0].Added.Select(static item => item.Record));
        Assert.Null(steps[0].Added[0].LeaseEnd);
        AssertNear(end, steps[0].Added[1].LeaseEnd);
        Assert.Equal(answered.Mac.ToArray(), Assert.Single(steps[0].Updates).Mac.ToArray());
        Assert.Equal(answered.Rcode, steps[0].Updates[0].Rcode);
        Assert.Equal(slower.Record, Assert.Single(steps[1].Leased).Record);
        AssertNear(end.AddHours(1), steps[1].Leased[0].LeaseEnd);
        Assert.Equal(answered.Rcode, Assert.Single((await b.LoadAsync(s_zone, CancellationToken.None)).Updates).Rcode);
        Assert.True(await CommitAsync(b, version + 2, Step(3, 4, [slower.Record, Soa(3).Record], [Soa(4)])));
        Assert.Equal([Soa(4)], (await a.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    [Fact]
    public async Task Zone_NewAtTwoServers_IsMadeByTheFirst()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        (long first, long second) = (await VersionAsync(a), await VersionAsync(b));
        Assert.NotEqual(first, second);
        Assert.Empty(await b.ReadStepsAsync(s_zone, second, CancellationToken.None) ?? [null!]);
        Assert.True(await CommitAsync(a, first, Step(1, 2, [], [Soa(2)])));
        Assert.False(await CommitAsync(b, second, Step(5, 6, [], [Soa(6)])));
        Assert.Null(await b.ReadStepsAsync(s_zone, second, CancellationToken.None));
        Assert.Equal([Soa(2)], (await b.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    [Fact]
    public async Task Zone_RemovedAndMadeAgain_TakesNothingOfItsEarlierLife()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        long version = await VersionAsync(a);
        Assert.True(await CommitAsync(a, version, Step(1, 2, [], [Soa(2)])));
        await b.RemoveZoneAsync(s_zone, CancellationToken.None);
        Assert.False(await CommitAsync(a, version + 1, Step(2, 3, [Soa(2).Record], [Soa(3)])));
        Assert.Null(await a.ReadStepsAsync(s_zone, version + 1, CancellationToken.None));
        Assert.Empty((await a.LoadAsync(s_zone, CancellationToken.None)).Records);
        Assert.True(await CommitAsync(b, await VersionAsync(b), Step(8, 9, [], [Soa(9)])));
        Assert.False(await CommitAsync(a, version + 1, Step(2, 3, [Soa(2).Record], [Soa(3)])));
        Assert.Equal([Soa(9)], (await a.LoadAsync(s_zone, CancellationToken.None)).Records);
        Assert.Null(await a.ReadJournalAsync(s_zone, 2, CancellationToken.None));
    }

    [Fact]
    [Trait("rfc", "1995§4")]
    public async Task Journal_Long_HasTheLatestChangesAndIsCutAtItsOldEnd()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore store = await database.OpenAsync();
        long version = await VersionAsync(store);
        for (uint serial = 1; serial <= 8192; serial += 512)
        {
            // Every change and a renewal after it.
            ZoneTransaction[] steps = [.. Enumerable.Range(0, 512).SelectMany(i => new[] { Step(serial + (uint)i, serial + (uint)i + 1, [], [Soa(serial + (uint)i + 1)]), Step(serial + (uint)i + 1, serial + (uint)i + 1, [], []) with { Leased = [Soa(serial + (uint)i + 1)] } })];
            Assert.True(await CommitAsync(store, version, steps));
            version += steps.Length;
        }

        Assert.Equal(4000, (await store.ReadJournalAsync(s_zone, 8193 - 4000, CancellationToken.None))?.Count);
        Assert.Empty(await store.ReadJournalAsync(s_zone, 8193, CancellationToken.None) ?? [null!]);
        Assert.Null(await store.ReadJournalAsync(s_zone, 1, CancellationToken.None));
        Assert.Null(await store.ReadJournalAsync(s_zone, 99_999, CancellationToken.None));
        Assert.Equal(1000, (await store.ReadStepsAsync(s_zone, version - 1000, CancellationToken.None))?.Count);
        Assert.Null(await store.ReadStepsAsync(s_zone, version - 16_000, CancellationToken.None));
        Assert.InRange(int.Parse(await database.SqlAsync("SELECT count(*) FROM btmm.journal"), System.Globalization.CultureInfo.InvariantCulture), 4096, 4 * 4096);
    }

    [Fact]
    public async Task Reservation_KeepsTheOthersOutUntilItEnds()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        long version = await VersionAsync(a);
        Assert.True(await CommitAsync(a, version, Step(1, 2, [], [Soa(2)])));
        IAsyncDisposable? reservation = await a.ReserveAsync([s_zone], CancellationToken.None);
        Task<bool> other = CommitAsync(b, version + 1, Step(2, 3, [], [Soa(3)]));
        Assert.True(await CommitAsync(a, version + 1, Step(2, 3, [], [Soa(3)])));
        Assert.False(other.IsCompleted);
        await reservation!.DisposeAsync();
        Assert.False(await other);
        Assert.True(await CommitAsync(b, version + 2, Step(3, 4, [], [Soa(4)])));

        // Of a server that stops in the middle it ends by itself.
        await a.ReserveAsync([s_zone], CancellationToken.None);
        Assert.True(await CommitAsync(b, version + 3, Step(4, 5, [], [Soa(5)])));
    }

    [Fact]
    public async Task Catalog_ChangedAtOne_IsThereAndToldAtTheOther()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        ConcurrentQueue<StoreNotice> notices = Listen(b);
        await a.PutZoneAsync(new StoredZone(s_zone, new byte[] { 1 }), CancellationToken.None);
        await a.PutZoneAsync(new StoredZone(s_zone, new byte[] { 2, 3 }), CancellationToken.None);
        await a.PutKeyAsync(new StoredKey(s_host, new byte[] { 4 }), CancellationToken.None);
        await a.PutKeyAsync(new StoredKey(s_zone, new byte[] { 5 }), CancellationToken.None);
        await a.RemoveKeyAsync(s_zone, CancellationToken.None);
        await Eventually.HoldsAsync(() => notices.Count(static notice => notice.Kind == StoreNoticeKind.Catalog) == 5, "the notice");
        StoredZone zone = Assert.Single(await b.LoadZonesAsync(CancellationToken.None));
        Assert.Equal([2, 3], zone.Settings.ToArray());
        Assert.Equal(s_zone.ToString(), zone.Apex.ToString());
        Assert.Equal([4], Assert.Single(await b.LoadKeysAsync(CancellationToken.None)).Sealed.ToArray());
        await b.RemoveZoneAsync(s_zone, CancellationToken.None);
        Assert.Empty(await a.LoadZonesAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Notice_OfAZone_ReachesTheOthersAndNotTheSender()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await using PostgresZoneStore a = await database.OpenAsync();
        await using PostgresZoneStore b = await database.OpenAsync();
        (ConcurrentQueue<StoreNotice> own, ConcurrentQueue<StoreNotice> others) = (Listen(a), Listen(b));
        await database.SqlAsync("NOTIFY btmm, 'zone zz'; NOTIFY btmm, 'nonsense'; NOTIFY btmm");
        await CommitAsync(a, await VersionAsync(a), Step(1, 2, [], [Soa(2)]));
        await Eventually.HoldsAsync(() => others.Any(static notice => notice.Kind == StoreNoticeKind.Zone), "the notice");
        Assert.Equal(s_zone, others.Single(static notice => notice.Kind == StoreNoticeKind.Zone).Zone);
        await database.SqlAsync("NOTIFY btmm, 'catalog'");
        await Eventually.HoldsAsync(() => own.Any(static notice => notice.Kind == StoreNoticeKind.Catalog), "the notice");
        Assert.DoesNotContain(own, static notice => notice.Kind == StoreNoticeKind.Zone);
    }

    [Fact]
    public async Task Tables_MadeByManyAtOnce_AreMadeOnce()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        PostgresZoneStore[] stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => database.OpenAsync()));
        foreach (PostgresZoneStore store in stores)
            await store.DisposeAsync();
        Assert.Equal("1", await database.SqlAsync("SELECT version FROM btmm.state"));

        string left = "";
        for (int i = 0; i < 100 && left != "0"; i++) // their ends take a moment there
            left = await database.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'btmm' AND datname = current_database()");
        Assert.Equal("0", left);
    }

    [Fact]
    public async Task Tables_OfAnotherVersion_AreRefusedAndLeftAlone()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await (await database.OpenAsync()).DisposeAsync();
        await database.SqlAsync("UPDATE btmm.state SET version = 99");
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(database.OpenAsync);
        Assert.Equal(BtmmErrorReason.StoreInvalid, error.Reason);
        Assert.Contains("version 99", error.Message, StringComparison.Ordinal);
        Assert.Equal("99", await database.SqlAsync("SELECT version FROM btmm.state"));
    }

    [Fact]
    public async Task Database_ThatMayNotBeUsed_IsRefusedWithTheReason()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await database.SqlAsync($"CREATE ROLE stranger_{database.Name} LOGIN");
        string address = database.Address.Replace("Username=postgres", $"Username=stranger_{database.Name}", StringComparison.Ordinal);
        BtmmException denied = await Assert.ThrowsAsync<BtmmException>(() => PostgresZoneStore.OpenAsync(address));
        Assert.Equal(BtmmErrorReason.PermissionDenied, denied.Reason);
        BtmmException absent = await Assert.ThrowsAsync<BtmmException>(() => PostgresZoneStore.OpenAsync(database.Address + "x"));
        Assert.Equal(BtmmErrorReason.StoreFailed, absent.Reason);
        Assert.Contains("does not exist", absent.Message, StringComparison.Ordinal);
        BtmmException nowhere = await Assert.ThrowsAsync<BtmmException>(() => PostgresZoneStore.OpenAsync("Host=/nowhere;Database=x;Username=y"));
        Assert.Equal(BtmmErrorReason.StoreFailed, nowhere.Reason);
    }

    [Fact]
    public async Task Commit_IsSynchronousWhateverTheDatabasesDefault()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        await database.SqlAsync($"ALTER DATABASE {database.Name} SET synchronous_commit = off");
        await using PostgresZoneStore store = await database.OpenAsync();
        await database.SqlAsync("CREATE TABLE seen (value text); CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$; CREATE TRIGGER look AFTER INSERT ON btmm.journal FOR EACH ROW EXECUTE FUNCTION public.look()");
        Assert.True(await CommitAsync(store, await VersionAsync(store), Step(1, 2, [], [Soa(2)])));
        Assert.Equal("on", await database.SqlAsync("SELECT value FROM seen"));
    }

    private static ConcurrentQueue<StoreNotice> Listen(PostgresZoneStore store)
    {
        var notices = new ConcurrentQueue<StoreNotice>();
        store.Noticed += notices.Enqueue;
        return notices;
    }

    private static async Task<long> VersionAsync(PostgresZoneStore store) => (await store.LoadAsync(s_zone, CancellationToken.None)).Version;

    private static async Task<bool> CommitAsync(PostgresZoneStore store, long version, params ZoneTransaction[] steps) =>
        await store.CommitAsync([.. steps.Select((step, i) => step with { Version = version + i })], CancellationToken.None);

    // It is kept as what is left of it, so it moves by what the way to the database and back takes on a busy machine.
    private static void AssertNear(DateTimeOffset expected, DateTimeOffset? actual) =>
        Assert.InRange(actual ?? default, expected - TimeSpan.FromSeconds(5), expected + TimeSpan.FromSeconds(5));

    private static StoredRecord Keep(DnsRecord record, DateTimeOffset? leaseEnd = null) => new(record, leaseEnd);

    private static StoredRecord Soa(uint serial) =>
        Keep(new DnsRecord(s_zone, 120, new SoaData(s_zone.PrependLabels("ns"), s_zone.PrependLabels("Hostmaster"), serial, 1, 2, 3, 4)));

    private static ZoneTransaction Step(uint before, uint after, DnsRecord[] removed, StoredRecord[] added) => new(s_zone, before, after, removed, [], added, []);
}
