using System.Threading.Channels;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// The one writer of a service's zones. In turns: takes the transactions that wait, runs each on the copy that the one before
/// it left, stores all of them in one commit, makes the new snapshots visible, answers. While a commit is on its way to the
/// disk the next transactions gather, so the more there are, the more share a commit. The owner awaits <see cref="RunAsync"/>;
/// the other members are thread-safe.
/// </summary>
internal sealed class ZoneWriter(IZoneStore store, ServiceClock clock, ServerMetrics metrics)
{
    // Askers beyond that wait for room.
    private const int Capacity = 4096;

    // Bounds the time the first of a batch waits for the others.
    private const int MaxBatch = 512;

    private readonly Channel<PendingUpdate> _queue = Channel.CreateBounded<PendingUpdate>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private volatile ZoneStoreStatus _status = new(null, null);

    /// <summary>Where the changes go.</summary>
    internal IZoneStore Store => store;

    /// <summary>Whether the store takes changes.</summary>
    internal ZoneStoreStatus Status => _status;

    /// <summary>Runs a transaction in its turn; when this returns, its change is stored and visible.</summary>
    /// <exception cref="IOException">The store failed; nothing has changed.</exception>
    internal async ValueTask<UpdateResult> ApplyAsync(Zone zone, Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction, CancellationToken cancellationToken)
    {
        var update = new PendingUpdate(zone, transaction);
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
                    updates.Add(update);
                await CommitAsync(updates).ConfigureAwait(false);
            }
        }
        finally
        {
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out PendingUpdate? update))
                update.Cancel();
        }
    }

    private async ValueTask CommitAsync(List<PendingUpdate> updates)
    {
        var batch = new UpdateBatch(clock.Now, clock.UtcNow);
        try
        {
            foreach (PendingUpdate update in updates)
                batch.Run(update);
            if (batch.Transactions.Count > 0)
            {
                // Not to be interrupted: a commit is short, and half of one has no outcome to tell.
                await store.CommitAsync(batch.Transactions, CancellationToken.None).ConfigureAwait(false);
                metrics.Add(ServerCount.Commits);
                if (_status.IsFailing)
                    _status = new ZoneStoreStatus(null, null);
            }

            batch.Publish(metrics);
        }
        catch (Exception error)
        {
            // Every one of them, since each was worked out on what the ones before it would have left.
            Report(error);
            updates.ForEach(update => update.Fail(error));
            return;
        }

        updates.ForEach(static update => update.Succeed());
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
