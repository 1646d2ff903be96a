using Btmm.Protocol.Dns;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>Zones and keys in the stores.</summary>
public sealed class CatalogTests : IDisposable
{
    private static readonly DnsName s_zone = DnsName.Parse("Carol.members.example.net");

    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public Task Catalog_InMemory_KeepsWhatItIsGiven() => CheckAsync(new MemoryZoneStore());

    [Fact]
    public async Task Catalog_InAFile_KeepsWhatItIsGivenAfterARestart()
    {
        await using (SqliteZoneStore store = await _directory.OpenAsync())
            await CheckAsync(store);
        await using SqliteZoneStore again = await _directory.OpenAsync();
        Assert.Equal([8, 9], Assert.Single(await again.LoadZonesAsync(CancellationToken.None)).Settings.ToArray());
        Assert.Equal([7], Assert.Single(await again.LoadKeysAsync(CancellationToken.None)).Sealed.ToArray());
    }

    [Fact]
    public async Task Zone_Removed_TakesItsRecordsWithItAndMayComeAgain()
    {
        await using SqliteZoneStore store = await _directory.OpenAsync();
        await CommitAsync(store, TestZones.Alice);
        await CommitAsync(store, s_zone);
        await store.RemoveZoneAsync(DnsName.Parse("carol.MEMBERS.example.net"), CancellationToken.None);
        Assert.Empty((await store.LoadAsync(s_zone, CancellationToken.None)).Records);
        Assert.Null(await store.ReadJournalAsync(s_zone, 1, CancellationToken.None));
        Assert.Single((await store.LoadAsync(TestZones.Alice, CancellationToken.None)).Records);
        await CommitAsync(store, s_zone);
        Assert.Single((await store.LoadAsync(s_zone, CancellationToken.None)).Records);
        Assert.Single(await store.ReadJournalAsync(s_zone, 1, CancellationToken.None) ?? []);
    }

    private static async Task CheckAsync<T>(T store)
        where T : IZoneStore, IZoneCatalog
    {
        Assert.Empty(await store.LoadZonesAsync(CancellationToken.None));
        Assert.Empty(await store.LoadKeysAsync(CancellationToken.None));
        await store.PutZoneAsync(new StoredZone(s_zone, new byte[] { 1 }), CancellationToken.None);
        await store.PutZoneAsync(new StoredZone(TestZones.Alice, new byte[] { 2 }), CancellationToken.None);
        await store.PutZoneAsync(new StoredZone(DnsName.Parse("CAROL.members.example.net"), new byte[] { 8, 9 }), CancellationToken.None);
        await store.PutKeyAsync(new StoredKey(s_zone, new byte[] { 5 }), CancellationToken.None);
        await store.PutKeyAsync(new StoredKey(TestZones.Alice, new byte[] { 6 }), CancellationToken.None);
        await store.PutKeyAsync(new StoredKey(s_zone, new byte[] { 7 }), CancellationToken.None);
        await CommitAsync(store, s_zone);
        await store.RemoveZoneAsync(TestZones.Alice, CancellationToken.None);
        await store.RemoveKeyAsync(TestZones.Alice, CancellationToken.None);
        await store.RemoveKeyAsync(TestZones.Alice, CancellationToken.None);

        StoredZone zone = Assert.Single(await store.LoadZonesAsync(CancellationToken.None));
        Assert.Equal(s_zone, zone.Apex);
        Assert.Equal([8, 9], zone.Settings.ToArray());
        StoredKey key = Assert.Single(await store.LoadKeysAsync(CancellationToken.None));
        Assert.Equal(s_zone, key.Name);
        Assert.Equal([7], key.Sealed.ToArray());
        Assert.Single((await store.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    private static async Task CommitAsync(IZoneStore store, DnsName zone) =>
        await store.CommitAsync([new ZoneTransaction(zone, 1, 2, [], [], [new StoredRecord(Records.Txt(zone, "x"), null)], [])], CancellationToken.None);
}
