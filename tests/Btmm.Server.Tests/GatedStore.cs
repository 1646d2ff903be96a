using System.Collections.Concurrent;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>A store whose commits, once closed, take as long as the test wants, and which remembers them.</summary>
internal sealed class GatedStore : IZoneStore, IDisposable
{
    private readonly MemoryZoneStore _store = new();
    private readonly SemaphoreSlim _gate = new(0);
    private readonly SemaphoreSlim _arrivals = new(0);

    internal ConcurrentQueue<IReadOnlyList<ZoneTransaction>> Batches { get; } = new();

    internal bool IsClosed { get; set; }

    internal bool Fails { get; set; }

    public void Dispose()
    {
        _gate.Dispose();
        _arrivals.Dispose();
    }

    public ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken) => _store.LoadAsync(zone, cancellationToken);

    public ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken) =>
        _store.ReadJournalAsync(zone, serial, cancellationToken);

    public async ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
    {
        if (!IsClosed)
        {
            return await _store.CommitAsync(batch, cancellationToken);
        }

        Batches.Enqueue(batch);
        _arrivals.Release();
        Assert.True(await _gate.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken));
        if (Fails)
            throw new IOException("No space left on device.");
        return await _store.CommitAsync(batch, cancellationToken);
    }

    /// <summary>Waits until a commit waits at the gate.</summary>
    internal async Task ArrivalAsync() => Assert.True(await _arrivals.WaitAsync(TimeSpan.FromMinutes(1)));

    /// <summary>Lets one commit pass.</summary>
    internal void Release() => _gate.Release();
}
