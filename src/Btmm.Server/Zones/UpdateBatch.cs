using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// Transactions that share one commit: each works on the copy that the one before it left. Nothing is seen before
/// <see cref="Publish"/>. Belongs to one writer.
/// </summary>
/// <param name="now">The service's monotonic clock.</param>
/// <param name="wall">The wall clock at the same moment.</param>
/// <param name="elsewhere">For a store that several services share: which updates were answered elsewhere; else null.</param>
internal sealed class UpdateBatch(TimeSpan now, DateTimeOffset wall, ReplayCache? elsewhere)
{
    private readonly Dictionary<Zone, ZoneWork> _zones = [];
    private readonly List<ZoneTransaction> _transactions = [];

    /// <summary>The zones concerned.</summary>
    internal IEnumerable<Zone> Zones => _zones.Keys;

    /// <summary>Runs a transaction; before a zone's first one, its leases that have ended are taken out (RFC 9664 §7).</summary>
    internal void Run(PendingUpdate update)
    {
        ZoneWork work = Open(update.Zone);
        if (elsewhere?.Find(update.Mac) is { } rcode)
        {
            update.Settle(new UpdateResult(rcode, work.Snapshot, ZoneChange.None));
            return;
        }

        update.Run(work.Snapshot, now);
        if (update.Result is not { } result)
            return;
        if (elsewhere is not null && !update.Mac.IsEmpty)
            work.Answered.Add(new SignedUpdate(update.Mac, result.Rcode));
        Take(work, result);
    }

    /// <summary>What to store, in order; empty when there is nothing.</summary>
    internal IReadOnlyList<ZoneTransaction> Seal()
    {
        foreach (ZoneWork work in _zones.Values)
        {
            if (work.Answered.Count > 0)
                Add(work, ZoneChange.None, work.Snapshot);
        }

        return _transactions;
    }

    /// <summary>Makes the changes visible, zone by zone.</summary>
    internal void Publish(ServerMetrics metrics)
    {
        foreach (ZoneWork work in _zones.Values)
        {
            metrics.Add(ServerCount.LeasesExpired, work.Changes.Sum(change => change.Removed.Count(item => item.LeaseEnd <= now)));
            work.Zone.Publish(work.Snapshot, work.Changes, work.Version);
        }
    }

    private ZoneWork Open(Zone zone)
    {
        if (!_zones.TryGetValue(zone, out ZoneWork? work))
        {
            _zones[zone] = work = new ZoneWork(zone);
            if (zone.NextExpiry <= now)
                Take(work, zone.Expire(work.Snapshot, now));
        }

        return work;
    }

    private void Take(ZoneWork work, UpdateResult result)
    {
        if (result.Rcode != DnsRcode.NoError || result.Change.IsEmpty)
            return;
        work.Changes.Add(result.Change);
        Add(work, result.Change, result.Snapshot);
    }

    private void Add(ZoneWork work, ZoneChange change, ZoneSnapshot after)
    {
        _transactions.Add(new ZoneTransaction(
            work.Zone.Apex,
            work.Snapshot.Serial,
            after.Serial,
            [.. change.Removed.Select(static item => item.Record)],
            [.. change.Replaced.Select(static item => item.Record)],
            [.. change.Added.Select(Store)],
            [.. change.Leased.Select(Store)])
        {
            Version = work.Version++,
            Updates = [.. work.Answered],
        });
        work.Answered.Clear();
        work.Snapshot = after;
    }

    private StoredRecord Store(ZoneRecord item) => new(item.Record, item.LeaseEnd is { } end ? wall + (end - now) : null);

    // A zone as the batch leaves it so far.
    private sealed class ZoneWork(Zone zone)
    {
        internal Zone Zone => zone;

        internal ZoneSnapshot Snapshot { get; set; } = zone.Current;

        internal long Version { get; set; } = zone.Version;

        internal List<ZoneChange> Changes { get; } = [];

        internal List<SignedUpdate> Answered { get; } = [];
    }
}
