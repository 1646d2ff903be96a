using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>The service on the SQLite store: restarts, leases, damage.</summary>
public sealed class StoredZoneTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Restart_Later_KeepsLeasesAndTakesOutWhatEndedMeanwhile()
    {
        uint serial;
        await using (SqliteZoneStore store = await _directory.OpenAsync())
        using (var server = new ServerHarness(store: store, time: _time))
        {
            await server.AddAsync(Records.Txt(server.Name("stays"), "x"));
            await server.UpdateAsync([Records.Aaaa(server.Name("short"), "fd00::1"), Records.A(server.Name("short"), "192.0.2.1")], lease: new UpdateLeaseOption(1800));
            await server.UpdateAsync([Records.Aaaa(server.Name("long"), "fd00::2")], lease: new UpdateLeaseOption(3600));
            serial = server.Serial;
        }

        _time.Advance(TimeSpan.FromMinutes(45));
        await using (SqliteZoneStore store = await _directory.OpenAsync())
        {
            using var server = new ServerHarness(store: store, time: _time);
            Assert.Equal(serial + 1, server.Serial);
            Assert.Null(server.Zone.Current.Find(server.Name("short")));
            Assert.Equal(serial + 1, Assert.Single(await store.ReadJournalAsync(server.Apex, serial, CancellationToken.None) ?? []).SerialAfter);
            server.Advance(TimeSpan.FromSeconds(899));
            Assert.Single((await server.QueryAsync(server.Name("long"), DnsType.AAAA)).Answers);
            server.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(DnsRcode.NXDomain, (await server.QueryAsync(server.Name("long"), DnsType.AAAA)).Rcode);
        }

        await using SqliteZoneStore last = await _directory.OpenAsync();
        using var again = new ServerHarness(store: last, time: _time);
        Assert.Equal(serial + 2, again.Serial);
        Assert.Null(again.Zone.Current.Find(again.Name("long")));
        Assert.NotNull(again.Zone.Current.Find(again.Name("stays")));
    }

    [Fact]
    public async Task Restart_AfterManyUpdates_HasTheSameZone()
    {
        HashSet<DnsRecord> before;
        await using (SqliteZoneStore store = await _directory.OpenAsync())
        using (var server = new ServerHarness(store: store, time: _time))
        {
            for (int i = 0; i < 200; i++)
            {
                DnsName name = server.Name($"a.b{i % 7}.h{i % 23}");
                DnsRecord[] update = (i % 5) switch
                {
                    0 => [Records.DeleteName(name)],
                    1 => [Records.DeleteSet(name, DnsType.A), Records.Txt(name, $"{i}", (uint)i)],
                    _ => [Records.A(name, $"192.0.2.{i}"), Records.Ptr(server.Name("list"), name)],
                };
                await server.UpdateAsync(update, lease: i % 2 == 0 ? new UpdateLeaseOption(3600) : null);
            }

            before = All(server);
        }

        await using SqliteZoneStore reopened = await _directory.OpenAsync();
        using var again = new ServerHarness(store: reopened, time: _time);
        Assert.Equal(before, All(again));
        Assert.Equal(before.Count, again.Zone.Current.RecordCount);
        foreach (DnsName name in again.Zone.Current.Nodes.Select(node => node.Name).Where(name => name != again.Apex))
            Assert.NotNull(again.Zone.Current.Find(name.Parent));
    }

    [Fact]
    public async Task Commit_ThatFailsInTheMiddle_LeavesNothingAndTheNextSucceeds()
    {
        await using SqliteZoneStore store = await _directory.OpenAsync();
        await Assert.ThrowsAsync<IOException>(async () => await store.CommitAsync([Step(Good()), Step(Bad())], CancellationToken.None));
        Assert.Empty((await store.LoadAsync(TestZones.Alice, CancellationToken.None)).Records);
        await store.CommitAsync([Step(Good())], CancellationToken.None);
        Assert.Equal([Good()], (await store.LoadAsync(TestZones.Alice, CancellationToken.None)).Records);
    }

    [Fact]
    public async Task File_ChangedBySomebodyElseAfterAFailure_IsNotMixedWithWhatIsInMemory()
    {
        await using SqliteZoneStore store = await _directory.OpenAsync();
        await Assert.ThrowsAsync<IOException>(async () => await store.CommitAsync([Step(Bad())], CancellationToken.None));
        await using (SqliteZoneStore other = await _directory.OpenAsync())
            await other.CommitAsync([Step(Good())], CancellationToken.None);
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await store.CommitAsync([Step(Good())], CancellationToken.None));
        Assert.Contains("does not know", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_WithAStore_CountsCommitsAndSaysThatItWorks()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using SqliteZoneStore store = await _directory.OpenAsync();
        uint serial;
        await using (var first = new ZoneService(TestZones.Options(account) with { Store = store }))
        {
            await first.StartAsync();
            ZoneServiceStatus status = first.GetStatus();
            Assert.False(status.Store.IsFailing);
            Assert.Equal(1, status.Counters.Commits);
            serial = status.Zones[0].Serial;
        }

        await using var second = new ZoneService(TestZones.Options(account) with { Store = store });
        await second.StartAsync();
        Assert.InRange(second.GetStatus().Zones[0].Serial, serial, serial + 1);
    }

    [Fact]
    public async Task Service_WithAStoreThatCannotBeWritten_DoesNotStart()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account) with { Store = new FailingStore { Fails = true } });
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => service.StartAsync());
        Assert.Equal(BtmmErrorReason.StoreFailed, error.Reason);
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
    }

    private static StoredRecord Good() => new(Records.A(TestZones.Alice, "192.0.2.1"), null);

    private static StoredRecord Bad() => new(new DnsRecord(TestZones.Alice, 1, new TooLong()), null);

    private static ZoneTransaction Step(StoredRecord added) => new(TestZones.Alice, 1, 2, [], [], [added], []);

    private static HashSet<DnsRecord> All(ServerHarness server) =>
        [.. server.Zone.Current.Nodes.SelectMany(static node => node.Records).Select(static item => item.Record)];

    private sealed record TooLong : Protocol.Dns.Data.DnsData
    {
        public override DnsType Type => DnsType.TXT;

        public override bool TryWrite(ref DnsMessageWriter writer) => false;
    }
}
