using System.Threading.Channels;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Peers;

/// <summary>
/// Keeps the <see cref="PeerTable"/> equal to the zone: watches the list of hosts and each host's records, coalesces changes that
/// belong together, and lets nobody vanish because of a short gap in the zone. Thread-safe; start once.
/// </summary>
public sealed class PeerWatcher : IAsyncDisposable
{
    /// <summary>How long further changes are awaited before a change takes effect: one update reaches us as several events.</summary>
    public static readonly TimeSpan CoalesceTime = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a host whose records are gone is still taken for a peer.</summary>
    public static readonly TimeSpan RemovalGrace = TimeSpan.FromSeconds(15);

    /// <summary>The same while our own records are missing too: then the zone service lost its data and all will register again.</summary>
    public static readonly TimeSpan DataLossGrace = TimeSpan.FromMinutes(5);

    /// <summary>How long the answers about a host's endpoint are awaited before it is told of without one.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    private const int EventQueueLength = 256;

    private readonly IRecordWatcher _records;
    private readonly PeerDirectory _directory;
    private readonly PeerTable _table;
    private readonly TimeProvider _time;
    private readonly Func<bool> _isPublished;
    private readonly Func<PeerRecord, bool> _isInUse;
    private readonly HashSet<DnsQuestion> _watched = [];
    private readonly Dictionary<string, PeerRecord> _known = [];
    private readonly Dictionary<string, long> _absentSince = [];
    private readonly Dictionary<string, long> _unsettledSince = [];
    private readonly Channel<PeerChange> _changes = Channel.CreateBounded<PeerChange>(
        new BoundedChannelOptions(EventQueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<bool> _ownRecordsLost = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly CancellationTokenSource _shutdown = new();
    private long? _dataLostAt;
    private bool _wasListed;
    private Task _loop = Task.CompletedTask;

    /// <summary>Joins the parts; owns the record watcher.</summary>
    /// <param name="records">The source of record sets.</param>
    /// <param name="directory">The logic; used by this watcher only from now on.</param>
    /// <param name="table">The table to fill.</param>
    /// <param name="isPublished">Whether this host believes that its own records are in the zone.</param>
    /// <param name="isInUse">Whether a host answers through a tunnel now: it is no less a peer for having lost its records.</param>
    /// <param name="time">The clock.</param>
    public PeerWatcher(
        IRecordWatcher records, PeerDirectory directory, PeerTable table, Func<bool> isPublished, Func<PeerRecord, bool> isInUse, TimeProvider time)
    {
        _records = records;
        _directory = directory;
        _table = table;
        _isPublished = isPublished;
        _isInUse = isInUse;
        _time = time;
    }

    /// <summary>Changes of the table, oldest dropped when nobody reads. Completed by <see cref="DisposeAsync"/>.</summary>
    public ChannelReader<PeerChange> Changes => _changes.Reader;

    /// <summary>Tells that the list of hosts does not name this one although its records were published.</summary>
    public ChannelReader<bool> OwnRecordsLost => _ownRecordsLost.Reader;

    /// <summary>Starts watching.</summary>
    public void Start()
    {
        FollowWanted();
        _loop = RunAsync(_shutdown.Token);
    }

    /// <summary>This host's network changed: ask again at once.</summary>
    public void NetworkChanged() => _records.NetworkChanged();

    /// <summary>Ends all watches (long-lived queries are cancelled at the server).</summary>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _records.DisposeAsync().ConfigureAwait(false);
        _changes.Writer.TryComplete();
        _ownRecordsLost.Writer.TryComplete();
        _shutdown.Dispose();
    }

    private async Task RunAsync(CancellationToken shutdown)
    {
        while (true)
        {
            if (!await WaitAsync(NextExpiry(), shutdown).ConfigureAwait(false)) return;
            while (await TakeAllAsync(shutdown).ConfigureAwait(false)) FollowWanted();
            Evaluate();
        }
    }

    /// <summary>Waits for a change, or for a grace period to end. False when the source is closed.</summary>
    private async Task<bool> WaitAsync(TimeSpan? limit, CancellationToken shutdown)
    {
        using var timeout = limit is { } time ? new CancellationTokenSource(time, _time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(shutdown, timeout.Token);
        try
        {
            return await _records.Changes.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <summary>Applies what is there; true when something was and more may follow within the coalescing time.</summary>
    private async Task<bool> TakeAllAsync(CancellationToken shutdown)
    {
        bool any = false;
        while (_records.Changes.TryRead(out RecordSetChange? change))
        {
            _directory.Apply(change);
            any = true;
        }

        if (any) await Task.Delay(CoalesceTime, _time, shutdown).ConfigureAwait(false);
        return any;
    }

    private void FollowWanted()
    {
        foreach (DnsQuestion question in _directory.Trim()) Unwatch(question);
        IReadOnlySet<DnsQuestion> wanted = _directory.Wanted;
        foreach (DnsQuestion question in _watched.Where(question => !wanted.Contains(question)).ToArray()) Unwatch(question);
        foreach (DnsQuestion question in wanted)
        {
            if (_watched.Add(question)) _records.Watch(question);
        }
    }

    private void Unwatch(DnsQuestion question)
    {
        if (_watched.Remove(question)) _records.Unwatch(question);
    }

    private void Evaluate()
    {
        long now = _time.GetTimestamp();
        IReadOnlyList<PeerRecord> hosts = _directory.Hosts();
        foreach (string gone in _unsettledSince.Keys.Except(hosts.Select(static record => record.Name)).ToArray()) _unsettledSince.Remove(gone);
        foreach (PeerRecord record in hosts)
        {
            _absentSince.Remove(record.Name);
            if (IsDue(record, now)) _known[record.Name] = record;
        }

        if (!_directory.IsListKnown) return;
        NoticeDataLoss(now);
        RestoredPeersWait();
        ForgetAbsent(now);
        foreach (PeerChange change in _table.Update(_known.Values)) _changes.Writer.TryWrite(change);
    }

    /// <summary>
    /// Whether a record counts. One whose endpoint is still asked for counts after a while only: a peer that is told of without an
    /// endpoint cannot be reached, and what is sent to it is lost although the answer comes a moment later.
    /// </summary>
    private bool IsDue(PeerRecord record, long now)
    {
        if (record.IsSettled)
        {
            _unsettledSince.Remove(record.Name);
            return true;
        }

        return !_unsettledSince.TryAdd(record.Name, now) && _time.GetElapsedTime(_unsettledSince[record.Name], now) >= SettleTime;
    }

    /// <summary>
    /// Our own records left the list, or were never in it. Only the first says that the zone lost its data: a list that was asked for
    /// before our first update ended cannot have named us.
    /// </summary>
    private void NoticeDataLoss(long now)
    {
        if (_directory.ListsOurselves)
        {
            _wasListed = true;
            return;
        }

        if (!_isPublished()) return;
        if (_wasListed) _dataLostAt = now;
        _ownRecordsLost.Writer.TryWrite(true);
    }

    private void ForgetAbsent(long now)
    {
        bool lostData = _dataLostAt is { } lost && _time.GetElapsedTime(lost, now) < DataLossGrace;
        TimeSpan grace = lostData ? DataLossGrace : RemovalGrace;
        foreach (string name in Absent())
        {
            bool isExpired = !_absentSince.TryAdd(name, now) && _time.GetElapsedTime(_absentSince[name], now) >= grace;
            if (!isExpired || _isInUse(_known[name])) continue;
            _absentSince.Remove(name);
            _known.Remove(name);
        }
    }

    private string[] Absent()
    {
        var present = _directory.Hosts().Select(record => record.Name).ToHashSet();
        return [.. _known.Keys.Where(name => !present.Contains(name))];
    }

    /// <summary>Peers from the cache count as known until the zone has answered everything about them.</summary>
    private void RestoredPeersWait()
    {
        if (_directory.IsComplete) return;
        foreach (BtmmPeer peer in _table.Current.Where(peer => peer.FromCache))
        {
            var record = new PeerRecord { Name = peer.Name, Identifier = peer.Identifier, Endpoint = peer.Endpoint, Device = peer.Device };
            _known.TryAdd(peer.Name, record);
        }
    }

    private TimeSpan? NextExpiry() => Absent().Length == 0 && _unsettledSince.Count == 0 ? null : TimeSpan.FromSeconds(1);
}
