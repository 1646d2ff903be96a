using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>A transaction that waits for its turn, and where its outcome goes.</summary>
/// <param name="zone">The zone.</param>
/// <param name="transaction">What to do; it may run more than once, each time on another copy, and has no other effect.</param>
/// <param name="mac">The MAC of the message that asks for it; empty when none does.</param>
internal sealed class PendingUpdate(Zone zone, Func<ZoneSnapshot, TimeSpan, UpdateResult> transaction, ReadOnlyMemory<byte> mac)
{
    private readonly TaskCompletionSource<UpdateResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Zone Zone => zone;

    internal ReadOnlyMemory<byte> Mac => mac;

    internal Task<UpdateResult> Outcome => _outcome.Task;

    /// <summary>What the transaction did to the working copy; null when it threw, which is its outcome then.</summary>
    internal UpdateResult? Result { get; private set; }

    /// <summary>Runs the transaction on a working copy.</summary>
    internal void Run(ZoneSnapshot working, TimeSpan now)
    {
        Result = null;
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

    /// <summary>Takes a result that is known without running it.</summary>
    internal void Settle(UpdateResult result) => Result = result;

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
