using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Policy;
using Btmm.Server.Queries;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// A zone being served: the current snapshot, which readers take without waiting, and changes through the service's one writer,
/// which stores them before they become visible (RFC 2136 §3.5, §3.7). Thread-safe, but for what is the writer's.
/// </summary>
internal sealed class Zone
{
    private const int MinCompaction = 1024;

    private readonly ServiceClock _clock;
    private readonly ZoneWriter _writer;
    private readonly Action<Zone, ZoneChange> _changed;
    private readonly PriorityQueue<ZoneRecord, TimeSpan> _leases = new(); // under its own lock
    private volatile ZoneSnapshot _current;
    private volatile LiveView? _live;
    private volatile ZoneOptions _options;
    private volatile ZoneGrants _grants;
    private volatile bool _isClosed;
    private long _nextExpiry = long.MaxValue;

    /// <summary>Takes a zone into service.</summary>
    /// <param name="options">Its name and keys.</param>
    /// <param name="image">Its content as stored.</param>
    /// <param name="writer">Makes its changes.</param>
    /// <param name="clock">The service's clock.</param>
    /// <param name="changed">Told after each change, on the writer's thread; must not wait.</param>
    internal Zone(ZoneOptions options, ZoneImage image, ZoneWriter writer, ServiceClock clock, Action<Zone, ZoneChange> changed)
    {
        _options = options;
        _grants = new ZoneGrants(options.Keys);
        Budget = new UpdateBudget(clock);
        Budget.SetRate(options.Quota.UpdatesPerMinute);
        Discovery = new DiscoveryNames(options.Apex, options.ServerLabel);
        ZoneSnapshot initial = ZoneContent.Load(options, image.Records, clock);
        _current = initial;
        Version = image.Version;
        writer.Learn(image.Updates);
        _writer = writer;
        _clock = clock;
        _changed = changed;
        Watch(initial.Nodes.SelectMany(static node => node.Records));
    }

    internal ZoneOptions Options => _options;

    internal DnsName Apex => _options.Apex;

    /// <summary>Who may do what.</summary>
    internal ZoneGrants Grants => _grants;

    /// <summary>The updates that it has left.</summary>
    internal UpdateBudget Budget { get; }

    internal DiscoveryNames Discovery { get; }

    /// <summary>The zone as it was last stored.</summary>
    internal ZoneSnapshot Current => _current;

    /// <summary>The version in the store of <see cref="Current"/>. The writer's alone.</summary>
    internal long Version { get; private set; }

    /// <summary>
    /// The zone without records whose lease has ended, which must not be returned any more (RFC 9664 §7), even while their
    /// removal is not stored yet. Never waits for the store.
    /// </summary>
    internal ZoneSnapshot Live
    {
        get
        {
            if (NextExpiry is not { } next || next > _clock.Now)
                return _current;
            TimeSpan now = _clock.Now;
            return _live is { } view && view.Source == _current && now < view.Until ? view.Snapshot : MakeLive(now);
        }
    }

    /// <summary>When the next lease ends; null when no record has one.</summary>
    internal TimeSpan? NextExpiry => Volatile.Read(ref _nextExpiry) is var ticks && ticks != long.MaxValue ? new TimeSpan(ticks) : null;

    /// <summary>Runs a transaction in its turn; when it succeeds, its result is stored and then becomes visible.</summary>
    /// <param name="transaction">What to do; it may run more than once, each time on another copy, and has no other effect.</param>
    /// <param name="cancellationToken">Ends the wait, not the transaction.</param>
    /// <param name="mac">The MAC of the message that asks for it, which is then answered once among all services.</param>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal ValueTask<UpdateResult> ApplyAsync(
        Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction, CancellationToken cancellationToken, ReadOnlyMemory<byte> mac = default) =>
        _writer.ApplyAsync(this, (zone, now) => _isClosed ? UpdateResult.Failed(DnsRcode.NotAuth, zone) : transaction(zone, now), mac, cancellationToken);

    /// <summary>Changes keys, quota and the like; name and server's label stay.</summary>
    internal void Configure(ZoneOptions options)
    {
        Budget.SetRate(options.Quota.UpdatesPerMinute);
        _grants = new ZoneGrants(options.Keys);
        _options = options;
    }

    /// <summary>Has the writer take over what other services may have changed.</summary>
    internal void CatchUp() => _writer.Follow(this);

    /// <summary>Ends changes: when this returns, none is on its way to the store, and later ones are answered NOTAUTH.</summary>
    /// <exception cref="IOException">The store failed.</exception>
    internal async Task CloseAsync(CancellationToken cancellationToken)
    {
        _isClosed = true;
        await ApplyAsync(static (zone, _) => UpdateResult.Failed(DnsRcode.NoError, zone), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Allows changes again after <see cref="CloseAsync"/>.</summary>
    internal void Reopen() => _isClosed = false;

    /// <summary>
    /// The stored changes that lead from a serial to the present one, oldest first (see <see cref="IZoneStore.ReadJournalAsync"/>).
    /// They may lead beyond <see cref="Current"/>, whose turn comes a moment after the commit.
    /// </summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed.</exception>
    internal ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(uint serial, CancellationToken cancellationToken) =>
        _writer.Store.ReadJournalAsync(Apex, serial, cancellationToken);

    /// <summary>Removes every record whose lease has ended.</summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask ExpireAsync(CancellationToken cancellationToken)
    {
        // The writer does that before any transaction of the zone, so an empty one is enough.
        if (NextExpiry is { } next && next <= _clock.Now)
            await ApplyAsync(static (zone, _) => new UpdateResult(DnsRcode.NoError, zone, ZoneChange.None), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stores the ends of all leases once more, by the wall clock as it is now.</summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask StoreLeasesAsync(CancellationToken cancellationToken) => await ApplyAsync(
        static (zone, _) =>
        {
            ZoneRecord[] leased = [.. zone.Nodes.SelectMany(static node => node.Records).Where(static item => item.LeaseEnd is not null)];
            return new UpdateResult(DnsRcode.NoError, zone, new ZoneChange([], [], leased));
        },
        cancellationToken).ConfigureAwait(false);

    /// <summary>The transaction that removes what has expired.</summary>
    internal UpdateResult Expire(ZoneSnapshot zone, TimeSpan now)
    {
        if (_isClosed)
            return UpdateResult.Failed(DnsRcode.NotAuth, zone);
        ZoneEditor editor = EditExpired(zone, now, out _);
        return new UpdateResult(DnsRcode.NoError, editor.Finish(out ZoneChange change), change);
    }

    /// <summary>Makes stored changes visible, the last of which led to the snapshot. The writer's alone.</summary>
    internal void Publish(ZoneSnapshot snapshot, IReadOnlyList<ZoneChange> changes, long version)
    {
        Version = version;
        if (changes.Count == 0)
            return;
        _current = snapshot;
        Watch(changes.SelectMany(static change => change.Added.Concat(change.Leased)));
        if (ServerLog.Instance.IsEnabled())
            ServerLog.Instance.ZoneChanged(Apex.ToString(), snapshot.Serial);
        foreach (ZoneChange change in changes)
            _changed(this, change);
    }

    private ZoneSnapshot MakeLive(TimeSpan now)
    {
        ZoneSnapshot source = _current;
        ZoneSnapshot snapshot = EditExpired(source, now, out TimeSpan until).FinishView();
        _live = new LiveView(source, snapshot, until);
        return snapshot;
    }

    // Also finds when the next lease ends after that.
    private ZoneEditor EditExpired(ZoneSnapshot zone, TimeSpan now, out TimeSpan until)
    {
        var editor = new ZoneEditor(zone);
        until = TimeSpan.MaxValue;
        lock (_leases)
        {
            foreach ((ZoneRecord leased, TimeSpan end) in _leases.UnorderedItems)
            {
                if (end <= now)
                    editor.Remove(leased.Record.Name, item => item.LeaseEnd <= now);
                else if (end < until)
                    until = end;
            }
        }

        return editor;
    }

    private void Watch(IEnumerable<ZoneRecord> records)
    {
        lock (_leases)
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
            SetNextExpiry();
        }
    }

    private void SetNextExpiry() =>
        Volatile.Write(ref _nextExpiry, _leases.TryPeek(out _, out TimeSpan next) ? next.Ticks : long.MaxValue);

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

    // The zone at a time after the end of some leases: good for this source until the next one ends.
    private sealed record LiveView(ZoneSnapshot Source, ZoneSnapshot Snapshot, TimeSpan Until);
}
