using Btmm.Server.Storage;

namespace Btmm.Interop.Tests;

/// <summary>A server with an SQLite file, killed again and again.</summary>
public sealed class ServerStoreTests : IDisposable
{
    private readonly ServerStoreKiller _killer = new();

    public void Dispose() => _killer.Dispose();

    [Fact]
    public async Task Kill_AtRandomMomentsUnderUpdates_LosesNoneThatWasAcknowledgedAndHalvesNone()
    {
        await _killer.RunAsync(_killer.StoreFile, "ns");
        await using SqliteZoneStore store = await SqliteZoneStore.OpenAsync(_killer.StoreFile);
        _killer.Check((await store.LoadAsync(_killer.Zone, CancellationToken.None)).Records, TimeSpan.Zero);
    }
}
