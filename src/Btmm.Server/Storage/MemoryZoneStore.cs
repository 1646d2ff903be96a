using System.Collections.Concurrent;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>
/// Keeps records in memory: they outlive a stop and start of the service in the same process, not the process. Thread-safe.
/// </summary>
public sealed class MemoryZoneStore : IZoneStore, IZoneCatalog
{
    private readonly ConcurrentDictionary<DnsName, StoredZone> _catalog = new();
    private readonly ConcurrentDictionary<DnsName, StoredKey> _keys = new();
    private readonly ConcurrentDictionary<DnsName, MemoryZone> _zones = new();

    /// <inheritdoc/>
    public ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken) =>
        new(new ZoneImage(_zones.TryGetValue(zone, out MemoryZone? kept) ? kept.Records : []));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken) =>
        new(_zones.TryGetValue(zone, out MemoryZone? kept) ? kept.ReadJournal(serial) : null);

    /// <inheritdoc/>
    public ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (ZoneTransaction transaction in batch)
            _zones.GetOrAdd(transaction.Zone, static _ => new MemoryZone()).Apply(transaction);
        return new(true);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredZone>> LoadZonesAsync(CancellationToken cancellationToken) => new([.. _catalog.Values]);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredKey>> LoadKeysAsync(CancellationToken cancellationToken) => new([.. _keys.Values]);

    /// <inheritdoc/>
    public ValueTask PutZoneAsync(StoredZone zone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        _catalog[zone.Apex] = zone;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken)
    {
        _catalog.TryRemove(apex, out _);
        _zones.TryRemove(apex, out _);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask PutKeyAsync(StoredKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        _keys[key.Name] = key;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveKeyAsync(DnsName name, CancellationToken cancellationToken)
    {
        _keys.TryRemove(name, out _);
        return ValueTask.CompletedTask;
    }

    /// <summary>"memory".</summary>
    public override string ToString() => "memory";
}
