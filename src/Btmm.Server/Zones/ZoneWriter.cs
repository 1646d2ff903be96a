using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// The one writer of a service's zones. In turns: takes the transactions that wait, runs each on the copy that the one before
/// it left, stores all of them in one commit, makes the new snapshots visible, answers. While a commit is on its way to the
/// disk the next transactions gather, so the more there are, the more share a commit. When another service was first at a
/// store that they share, its steps are taken over and the transactions run again on top of them. The owner awaits <see cref="RunAsync"/>;
/// the other members are thread-safe.
/// </summary>
internal sealed partial class ZoneWriter(IZoneStore store, ServiceClock clock, ServerMetrics metrics)
{
    // Askers beyond that wait for room.
    private const int Capacity = 4096;

    // Bounds the time the first of a batch waits for the others.
    private const int MaxBatch = 512;

    // Commits that may come too late before the zones are reserved: that costs round trips, and keeps the others waiting.
    private const int MaxAttempts = 3;

    // A null only wakes the writer.
    private readonly Channel<PendingUpdate?> _queue = Channel.CreateBounded<PendingUpdate?>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private volatile ZoneStoreStatus _status = new(null, null);

    /// <summary>Where the changes go.</summary>
    internal IZoneStore Store => store;

    /// <summary>Whether the store takes changes.</summary>
    internal ZoneStoreStatus Status => _status;

    /// <summary>Runs a transaction in its turn; when this returns, its change is stored and visible.</summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask<UpdateResult> ApplyAsync(
        Zone zone, Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction, ReadOnlyMemory<byte> mac, CancellationToken cancellationToken)
    {
        var update = new PendingUpdate(zone, transaction, mac);
        try
        {
            await _queue.Writer.WriteAsync(update, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new OperationCanceledException("The zone service is stopping.");
        }

        return await update.Outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var updates = new List<PendingUpdate>(MaxBatch);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                updates.Clear();
                while (updates.Count < MaxBatch && _queue.Reader.TryRead(out PendingUpdate? update))
                {
                    if (update is not null)
                        updates.Add(update);
                }

                await FollowAllAsync().ConfigureAwait(false);
                if (updates.Count > 0)
                    await CommitAsync(updates).ConfigureAwait(false);
            }
        }
        finally
        {
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out PendingUpdate? update))
                update?.Cancel();
        }
    }

    private async ValueTask CommitAsync(List<PendingUpdate> updates)
    {
        try
        {
            UpdateBatch batch = await CommitOnTopAsync(updates).ConfigureAwait(false);
            batch.Publish(metrics);
        }
        catch (Exception error)
        {
            // Every one of them, since each was worked out on what the ones before it would have left.
            Report(error);
            Exception outcome = error is BtmmException ? new IOException(error.Message, error) : error;
            updates.ForEach(update => update.Fail(outcome));
            return;
        }

        updates.ForEach(static update => update.Succeed());
    }

    private async ValueTask<UpdateBatch> CommitOnTopAsync(List<PendingUpdate> updates)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await TryCommitAsync(updates).ConfigureAwait(false) is { } batch)
                return batch;
        }

        Zone[] zones = [.. updates.Select(static update => update.Zone).Distinct()];
        IAsyncDisposable? reservation = await store.ReserveAsync([.. zones.Select(static zone => zone.Apex)], CancellationToken.None).ConfigureAwait(false);
        try
        {
            foreach (Zone zone in zones)
                await FollowAsync(zone).ConfigureAwait(false);
            return await TryCommitAsync(updates).ConfigureAwait(false) ?? throw new IOException("Other servers change the zone too often.");
        }
        finally
        {
            if (reservation is not null)
                await reservation.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Null when another service was first; then its steps have been taken over.
    private async ValueTask<UpdateBatch?> TryCommitAsync(List<PendingUpdate> updates)
    {
        var batch = new UpdateBatch(clock.Now, clock.UtcNow, store.IsShared ? _elsewhere : null);
        foreach (PendingUpdate update in updates)
            batch.Run(update);
        IReadOnlyList<ZoneTransaction> transactions = batch.Seal();
        if (transactions.Count == 0)
            return batch;

        // Not to be interrupted: a commit is short, and half of one has no outcome to tell.
        if (await store.CommitAsync(transactions, CancellationToken.None).ConfigureAwait(false))
        {
            metrics.Add(ServerCount.Commits);
            ReportSuccess();
            return batch;
        }

        metrics.Add(ServerCount.CommitsOvertaken);
        foreach (Zone zone in batch.Zones)
            await FollowAsync(zone).ConfigureAwait(false);
        return null;
    }

    private void ReportSuccess()
    {
        if (_status.IsFailing)
            _status = new ZoneStoreStatus(null, null);
    }

    private void Report(Exception error)
    {
        metrics.Add(ServerCount.StoreFailures);
        bool isFirst = !_status.IsFailing;
        _status = new ZoneStoreStatus(error.Message, isFirst ? clock.UtcNow : _status.FailingSince);
        if (isFirst)
            ServerLog.Instance.StoreFailed(error.Message);
    }
}
