using System.Collections.Concurrent;
using Btmm.Core.Contracts;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// Updates that came by datagram: they wait for the store, so each is answered by a task while the thread that received it goes
/// on. Their number is bounded. Thread-safe.
/// </summary>
internal sealed class DatagramUpdates(RequestHandler handler)
{
    // Each holds a buffer for its request and one for its answer.
    private const int MaxRunning = 512;

    private readonly ConcurrentBag<DatagramUpdate> _free = [];
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private int _running;

    /// <summary>Starts to answer an update; one too many is dropped, and its sender will repeat it.</summary>
    internal void Start(ReadOnlySpan<byte> request, in RequestOrigin origin, IDatagramPort port, in PeerAddress local, TimeSpan receivedAt)
    {
        if (Interlocked.Increment(ref _running) > MaxRunning)
        {
            Interlocked.Decrement(ref _running);
            handler.CountDroppedUpdate();
            return;
        }

        DatagramUpdate update = _free.TryTake(out DatagramUpdate? free) ? free : new DatagramUpdate(this, handler);
        update.Set(request, origin, port, local, receivedAt);
        ThreadPool.UnsafeQueueUserWorkItem(update, preferLocal: false);
    }

    /// <summary>Ends when all updates are answered; nobody starts one any more.</summary>
    internal Task CompleteAsync()
    {
        _isStopping = true;
        if (Volatile.Read(ref _running) == 0)
            _idle.TrySetResult();
        return _idle.Task;
    }

    internal void Finished(DatagramUpdate update)
    {
        _free.Add(update);
        if (Interlocked.Decrement(ref _running) == 0 && _isStopping)
            _idle.TrySetResult();
    }

    internal static void Report(in RequestOrigin origin, Exception error) =>
        ServerLog.Instance.RequestFailed(origin.Address.ToString(), error.ToString());
}
