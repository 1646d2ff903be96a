using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>A transaction that waits for its turn, and where its outcome goes.</summary>
internal sealed class PendingUpdate(Zone zone, Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction)
{
    private readonly TaskCompletionSource<UpdateResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Zone Zone => zone;

    internal Task<UpdateResult> Outcome => _outcome.Task;

    /// <summary>What the transaction did to the working copy; null when it threw, which is its outcome then.</summary>
    internal UpdateResult? Result { get; private set; }

    /// <summary>Runs the transaction on a working copy.</summary>
    internal void Run(ZoneSnapshot working, TimeSpan now)
    {
        try
        {
            Result = transaction(working, now);
        }
        catch (Exception error)
        {
            // One transaction that fails concerns its asker alone, not the others of the batch.
            Fail(error);
        }
    }

    internal void Succeed()
    {
        if (Result is not null)
            _outcome.TrySetResult(Result);
    }

    internal void Fail(Exception error)
    {
        _outcome.TrySetException(error);
        _ = _outcome.Task.Exception; // the asker may have gone away
    }

    internal void Cancel() => _outcome.TrySetCanceled();
}
