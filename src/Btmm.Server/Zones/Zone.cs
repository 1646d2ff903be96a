using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// A zone being served: the current snapshot, which readers take without waiting, and one writer at a time that stores a change
/// before it becomes visible (RFC 2136 §3.5, §3.7). Thread-safe.
/// </summary>
internal sealed class Zone
{
    private const int MinCompaction = 1024;

    private readonly ServiceClock _clock;
    private readonly IZoneStore _store;
    private readonly ServerMetrics _metrics;
    private readonly Action<Zone, ZoneChange> _changed;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly PriorityQueue<ZoneRecord, TimeSpan> _leases = new();
    private volatile ZoneSnapshot _current;
    private long _nextExpiry = long.MaxValue;

    /// <summary>Takes a zone into service.</summary>
    /// <param name="options">Its name and keys.</param>
    /// <param name="initial">Its content.</param>
    /// <param name="store">Where changes go.</param>
    /// <param name="clock">The service's clock.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="changed">Told after each change, on the writer's thread; must not wait.</param>
    internal Zone(ZoneOptions options, ZoneSnapshot initial, IZoneStore store, ServiceClock clock, ServerMetrics metrics, Action<Zone, ZoneChange> changed)
    {
        Options = options;
        Discovery = new DiscoveryNames(options.Apex, options.ServerLabel);
        _current = initial;
        _store = store;
        _clock = clock;
        _metrics = metrics;
        _changed = changed;
        Watch(initial.Nodes.Values.SelectMany(static node => node.Records));
    }

    internal ZoneOptions Options { get; }

    internal DnsName Apex => Options.Apex;

    internal DiscoveryNames Discovery { get; }

    /// <summary>The zone as it is now.</summary>
    internal ZoneSnapshot Current => _current;

    /// <summary>When the next lease ends; null when no record has one.</summary>
    internal TimeSpan? NextExpiry => Volatile.Read(ref _nextExpiry) is var ticks && ticks != long.MaxValue ? new TimeSpan(ticks) : null;

    /// <summary>Runs a transaction alone; when it succeeds, its result is stored and then becomes visible.</summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask<UpdateResult> ApplyAsync(Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            UpdateResult result = transaction(_current, _clock.Now);
            if (result.Rcode == DnsRcode.NoError && !result.Change.IsEmpty)
                await CommitAsync(result, cancellationToken).ConfigureAwait(false);
            return result;
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>
    /// Removes every record whose lease has ended; they must not be returned after that (RFC 9664 §7).
    /// </summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask ExpireAsync(CancellationToken cancellationToken)
    {
        if (NextExpiry is not { } next || next > _clock.Now)
            return;
        UpdateResult result = await ApplyAsync(Expire, cancellationToken).ConfigureAwait(false);
        _metrics.Add(ServerCount.LeasesExpired, result.Change.Removed.Count(static item => item.LeaseEnd is not null));
    }

    private UpdateResult Expire(ZoneSnapshot zone, TimeSpan now)
    {
        var editor = new ZoneEditor(zone);
        foreach ((ZoneRecord leased, TimeSpan end) in _leases.UnorderedItems)
        {
            if (end <= now)
                editor.Remove(leased.Record.Name, item => item.LeaseEnd <= now);
        }

        return new UpdateResult(DnsRcode.NoError, editor.Finish(out ZoneChange change), change);
    }

    private async ValueTask CommitAsync(UpdateResult result, CancellationToken cancellationToken)
    {
        DateTimeOffset wall = _clock.UtcNow;
        TimeSpan now = _clock.Now;
        ZoneRecord[] put = [.. result.Change.Added, .. result.Change.Leased];
        var transaction = new ZoneTransaction(
            Apex,
            [.. result.Change.Removed.Select(static item => item.Record)],
            [.. put.Select(item => new StoredRecord(item.Record, item.LeaseEnd is { } end ? wall + (end - now) : null))]);
        await _store.ApplyAsync(transaction, cancellationToken).ConfigureAwait(false);
        _current = result.Snapshot;
        Watch(put);
        if (ServerLog.Instance.IsEnabled())
            ServerLog.Instance.ZoneChanged(Apex.ToString(), result.Snapshot.Serial);
        _changed(this, result.Change);
    }

    private void Watch(IEnumerable<ZoneRecord> records)
    {
        foreach (ZoneRecord record in records)
        {
            if (record.LeaseEnd is { } end)
                _leases.Enqueue(record, end);
        }

        if (_leases.Count > MinCompaction + (2 * _current.RecordCount))
            Compact();
        while (_leases.TryPeek(out ZoneRecord? leased, out _) && !IsCurrent(leased))
            _leases.Dequeue();
        Volatile.Write(ref _nextExpiry, _leases.TryPeek(out _, out TimeSpan next) ? next.Ticks : long.MaxValue);
    }

    // A lease that was renewed leaves its old entry behind; this keeps their number in proportion to the zone.
    private void Compact()
    {
        (ZoneRecord, TimeSpan)[] current = [.. _leases.UnorderedItems.Where(item => IsCurrent(item.Element))];
        _leases.Clear();
        _leases.EnqueueRange(current);
    }

    private bool IsCurrent(ZoneRecord leased)
    {
        if (_current.Find(leased.Record.Name) is not { } node)
            return false;
        foreach (ZoneRecord item in node.Records)
        {
            if (item.LeaseEnd == leased.LeaseEnd && item.Record.Type == leased.Record.Type && item.Record.Data.Equals(leased.Record.Data))
                return true;
        }

        return false;
    }
}
