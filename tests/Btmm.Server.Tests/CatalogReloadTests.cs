using Btmm.Core.Administration;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Administration;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>What another server of the same store changes in its catalog.</summary>
public sealed class CatalogReloadTests : IDisposable
{
    private static readonly DnsName s_bob = DnsName.Parse("bob.members.example.net");
    private readonly TsigKey _key = new(DnsName.Parse("bob-key"), TsigAlgorithm.HmacSha256, [1, 2, 3, 4, 5, 6, 7, 8]);
    private readonly CatalogSeal _seal = CatalogSeal.Ephemeral();
    private readonly BtmmAccount _alice = TestZones.NewAccount();

    public void Dispose()
    {
        _key.Dispose();
        _seal.Dispose();
        _alice.Dispose();
    }

    [Fact]
    public async Task Notice_OfTheCatalog_BringsZonesAndKeysAndTakesThemAway()
    {
        var store = new NoticingStore();
        await using var here = new ZoneService(TestZones.Options(_alice) with { Store = store, Seal = _seal });
        await using var there = new ZoneService(TestZones.Options(_alice) with { Store = store, Seal = _seal });
        await here.StartAsync();
        await there.StartAsync();

        await here.Administration.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        await here.Administration.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false);
        store.Tell();
        // What is listed is served a moment later.
        await WaitAsync(async () => await ServiceClient.UpdateAsync(there.Endpoints[0], s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")) == DnsRcode.NoError);
        Assert.Equal(2, (await there.Administration.GetKeysAsync()).Count);

        await here.Administration.PutZoneAsync(new ZoneSettings(s_bob) { IsPublic = true }, replace: true);
        store.Tell();
        await WaitAsync(async () => (await there.Administration.GetZonesAsync()).Any(zone => zone.IsPublic));

        await here.Administration.RemoveKeyAsync(_key.Name);
        await here.Administration.RemoveZoneAsync(s_bob);
        store.Tell();
        await WaitAsync(async () => (await there.Administration.GetZonesAsync()).Count == 1);
        await WaitAsync(async () => await ServiceClient.QueryAsync(there.Endpoints[0], _alice.Domain, DnsType.SOA, _key) == DnsRcode.NotAuth);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(there.Endpoints[0], _alice.Domain, DnsType.SOA, _alice.UpdateKey));
    }

    [Fact]
    public async Task Notice_OfACatalogThatCannotBeRead_LeavesWhatIsServed()
    {
        var store = new NoticingStore();
        await using var service = new ZoneService(TestZones.Options(_alice) with { Store = store, Seal = _seal });
        await service.StartAsync();
        await service.Administration.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        await store.PutKeyAsync(new StoredKey(_key.Name, new byte[] { 1, 2, 3 }), CancellationToken.None);
        store.Tell();
        await WaitAsync(() => Task.FromResult(store.KeyReads >= 2));
        Assert.Equal(2, (await service.Administration.GetZonesAsync()).Count);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(service.Endpoints[0], s_bob, DnsType.SOA));
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(10, patience.Token);
    }

    /// <summary>A store in memory that two services share well enough for this: its catalog, told of by hand.</summary>
    private sealed class NoticingStore : IZoneStore, IZoneCatalog
    {
        private readonly MemoryZoneStore _inner = new();
        private int _keyReads;

        public event Action<StoreNotice>? Noticed;

        internal int KeyReads => Volatile.Read(ref _keyReads);

        public ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken) => _inner.LoadAsync(zone, cancellationToken);

        public ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken) => _inner.CommitAsync(batch, cancellationToken);

        public ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken) =>
            _inner.ReadJournalAsync(zone, serial, cancellationToken);

        public ValueTask<IReadOnlyList<StoredZone>> LoadZonesAsync(CancellationToken cancellationToken) => _inner.LoadZonesAsync(cancellationToken);

        public ValueTask<IReadOnlyList<StoredKey>> LoadKeysAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _keyReads);
            return _inner.LoadKeysAsync(cancellationToken);
        }

        public ValueTask PutZoneAsync(StoredZone zone, CancellationToken cancellationToken) => _inner.PutZoneAsync(zone, cancellationToken);

        public ValueTask RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken) => _inner.RemoveZoneAsync(apex, cancellationToken);

        public ValueTask PutKeyAsync(StoredKey key, CancellationToken cancellationToken) => _inner.PutKeyAsync(key, cancellationToken);

        public ValueTask RemoveKeyAsync(DnsName name, CancellationToken cancellationToken) => _inner.RemoveKeyAsync(name, cancellationToken);

        internal void Tell() => Noticed?.Invoke(new StoreNotice(StoreNoticeKind.Catalog));
    }
}
