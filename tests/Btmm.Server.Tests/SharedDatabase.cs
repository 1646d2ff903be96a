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

        public ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
        {
            lock (database._gate)
            {
                if (database.IsBusy || batch[0].Version != FirstVersion + database._steps.Count)
                    return new(false);
                foreach (ZoneTransaction step in batch)
                {
                    Assert.Equal(FirstVersion + database._steps.Count, step.Version);
                    database._steps.Add(step);
                    foreach (DnsRecord record in step.Removed)
                        database._records.Remove((record.Name, record.Type, record.Data));
                    foreach (StoredRecord item in step.Added.Concat(step.Leased))
                        database._records[(item.Record.Name, item.Record.Type, item.Record.Data)] = item;
                }

                return new(true);
            }
        }

        public ValueTask<IAsyncDisposable?> ReserveAsync(IReadOnlyCollection<DnsName> zones, CancellationToken cancellationToken)
        {
            lock (database._gate)
            {
                database.Reservations++;
                database.IsBusy &= database.IsHeedless;
                return new(result: null);
            }
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
