using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// Transactions that share one commit: each works on the copy that the one before it left. Nothing is seen before
/// <see cref="Publish"/>. Belongs to one writer.
/// </summary>
internal sealed class UpdateBatch(TimeSpan now, DateTimeOffset wall)
{
    private readonly Dictionary<Zone, (ZoneSnapshot Working, List<ZoneChange> Changes)> _zones = [];
    private readonly List<ZoneTransaction> _transactions = [];

    /// <summary>What to store, in order; empty when nothing changed.</summary>
    internal IReadOnlyList<ZoneTransaction> Transactions => _transactions;

    /// <summary>Runs a transaction; before a zone's first one, its leases that have ended are taken out (RFC 9664 §7).</summary>
    internal void Run(PendingUpdate update)
    {
        if (!_zones.TryGetValue(update.Zone, out (ZoneSnapshot Working, List<ZoneChange> Changes) state))
        {
            _zones[update.Zone] = state = (update.Zone.Current, []);
            if (update.Zone.NextExpiry <= now)
                Take(update.Zone, update.Zone.Expire(state.Working, now));
        }

        update.Run(_zones[update.Zone].Working, now);
        if (update.Result is { } result)
            Take(update.Zone, result);
    }

    /// <summary>Makes the changes visible, zone by zone.</summary>
    internal void Publish(ServerMetrics metrics)
    {
        foreach ((Zone zone, (ZoneSnapshot working, List<ZoneChange> changes)) in _zones)
        {
            if (changes.Count == 0)
                continue;
            metrics.Add(ServerCount.LeasesExpired, changes.Sum(change => change.Removed.Count(item => item.LeaseEnd <= now)));
            zone.Publish(working, changes);
        }
    }

    private void Take(Zone zone, UpdateResult result)
    {
        if (result.Rcode != Protocol.Dns.DnsRcode.NoError || result.Change.IsEmpty)
            return;
        (ZoneSnapshot before, List<ZoneChange> changes) = _zones[zone];
        ZoneChange change = result.Change;
        changes.Add(change);
        _transactions.Add(new ZoneTransaction(
            zone.Apex,
            before.Serial,
            result.Snapshot.Serial,
            [.. change.Removed.Select(static item => item.Record)],
            [.. change.Replaced.Select(static item => item.Record)],
            [.. change.Added.Select(Store)],
            [.. change.Leased.Select(Store)]));
        _zones[zone] = (result.Snapshot, changes);
    }

    private StoredRecord Store(ZoneRecord item) => new(item.Record, item.LeaseEnd is { } end ? wall + (end - now) : null);
}
