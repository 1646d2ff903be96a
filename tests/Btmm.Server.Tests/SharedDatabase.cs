using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>One zone in a database that several services share, without the database. Thread-safe.</summary>
internal sealed class SharedDatabase
{
    // A new zone's version, which is not 0 so that nobody counts on it.
    private const long FirstVersion = 1000;

    private volatile Reservation? _reservation;
    private readonly Lock _gate = new();
    private readonly List<ZoneTransaction> _steps = [];
    private readonly Dictionary<(DnsName, DnsType, DnsData), StoredRecord> _records = [];
    private long _oldest = FirstVersion;

    internal IReadOnlyList<ZoneTransaction> Steps
    {
        get
        {
            lock (_gate)
                return [.. _steps];
        }
    }

    /// <summary>The zone is gone.</summary>
    internal bool IsRemoved { get; set; }

    /// <summary>It cannot be read.</summary>
    internal bool IsLost { get; set; }

    /// <summary>Every commit comes too late.</summary>
    internal bool IsBusy { get; set; }

    /// <summary>How often the zone was reserved, which ends <see cref="IsBusy"/>.</summary>
    internal int Reservations { get; private set; }

    /// <summary>Others do not heed reservations.</summary>
    internal bool IsHeedless { get; set; }

    /// <summary>One service's way to it.</summary>
    internal IZoneStore Open() => new View(this);

    /// <summary>Forgets the steps so far.</summary>
    internal void Cut()
    {
        lock (_gate)
            _oldest = FirstVersion + _steps.Count;
    }

    private Reservation? OthersReservation(IZoneStore view) => !IsHeedless && _reservation is { IsOver: false } other && other.Holder != view ? other : null;

    private bool Commit(IReadOnlyList<ZoneTransaction> batch)
    {
        if (IsBusy || batch[0].Version != FirstVersion + _steps.Count)
            return false;
        foreach (ZoneTransaction step in batch)
        {
            Assert.Equal(FirstVersion + _steps.Count, step.Version);
            _steps.Add(step);
            foreach (DnsRecord record in step.Removed)
                _records.Remove((record.Name, record.Type, record.Data));
            foreach (StoredRecord item in step.Added.Concat(step.Leased))
                _records[(item.Record.Name, item.Record.Type, item.Record.Data)] = item;
        }

        return true;
    }

    // Null when it is taken, else the one to wait for.
    private Reservation? Reserve(Reservation wanted)
    {
        lock (_gate)
        {
            if (_reservation is { IsOver: false } other)
                return other;
            _reservation = wanted;
            Reservations++;
            IsBusy &= IsHeedless;
            return null;
        }
    }

    private sealed class Reservation(IZoneStore holder) : IAsyncDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal IZoneStore Holder => holder;

        internal Task Ended => _ended.Task;

        internal bool IsOver => _ended.Task.IsCompleted;

        public ValueTask DisposeAsync()
        {
            _ended.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class View(SharedDatabase database) : IZoneStore
    {
        public bool IsShared => true;

        public ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken)
        {
            lock (database._gate)
            {
                IReadOnlyList<StoredRecord> records = database.IsRemoved ? [] : [.. database._records.Values];
                return new(new ZoneImage(records) { Version = FirstVersion + database._steps.Count, Updates = [.. database._steps.SelectMany(static step => step.Updates)] });
            }
        }

        public async ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
        {
            while (true)
            {
                Reservation? other;
                lock (database._gate)
                {
                    other = database.OthersReservation(this);
                    if (other is null)
                        return database.Commit(batch);
                }

                await other.Ended.WaitAsync(cancellationToken);
            }
        }

        public async ValueTask<IAsyncDisposable?> ReserveAsync(IReadOnlyCollection<DnsName> zones, CancellationToken cancellationToken)
        {
            var mine = new Reservation(this);
            while (database.Reserve(mine) is { } other)
                await other.Ended.WaitAsync(cancellationToken);
            return mine;
        }

        public ValueTask<IReadOnlyList<ZoneTransaction>?> ReadStepsAsync(DnsName zone, long version, CancellationToken cancellationToken)
        {
            if (database.IsLost)
                throw new BtmmException(BtmmErrorReason.StoreFailed, "The database is gone.", "Bring it back.");
            lock (database._gate)
                return new(version < database._oldest || database.IsRemoved ? null : database._steps[(int)(version - FirstVersion)..]);
        }

        public ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken) => new(result: null);
    }
}
