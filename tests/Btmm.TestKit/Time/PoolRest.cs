using System.Collections.Concurrent;

namespace Btmm.TestKit;

/// <summary>
/// Waits, in real time, until the thread pool has nothing to do. One thread outside the pool looks on behalf of all who wait, so that
/// they do not take each other for work. Thread-safe.
/// </summary>
internal static class PoolRest
{
    /// <summary>How many quiet looks in a row make the pool count as idle.</summary>
    private const int QuietLooks = 3;

    /// <summary>How many looks there are at most, about a second: what is run first is compiled first, and that takes long on a busy machine.</summary>
    private const int MaxLooks = 1000;

    /// <summary>The time between looks. <see cref="Task.Delay(int)"/> counts in ticks of the system's clock, which are four of them.</summary>
    private static readonly TimeSpan s_spacing = TimeSpan.FromMilliseconds(1);

    /// <summary>Over how many looks, some three seconds, the threads are counted that never come to rest; compiling code for the first time must not pass for that.</summary>
    private const int FloorLooks = 3000;

    private static readonly BlockingCollection<Waiter> s_arrivals = [];
    private static readonly Thread s_thread = Start();

    /// <summary>Waits until the pool is idle, or is busy for too long.</summary>
    internal static Task WaitAsync()
    {
        Waiter waiter = new();
        s_arrivals.Add(waiter);
        return s_thread.IsAlive ? waiter.End.Task : throw new InvalidOperationException("nobody looks");
    }

    private static Thread Start()
    {
        Thread thread = new(Run) { IsBackground = true, Name = nameof(PoolRest) };
        thread.Start();
        return thread;
    }

    private static void Run()
    {
        List<Waiter> waiting = [];
        Floor floor = new();
        while (true)
        {
            if (waiting.Count == 0) waiting.Add(s_arrivals.Take());
            while (s_arrivals.TryTake(out Waiter? more)) waiting.Add(more);
            Thread.Sleep(s_spacing);
            bool idle = floor.IsIdle();
            waiting.RemoveAll(waiter => waiter.IsOver(idle));
        }
    }

    private sealed class Floor
    {
        private int _before;
        private int _now = int.MaxValue;
        private int _looks;

        /// <summary>
        /// Whether the pool rests: nothing is queued, and no thread is at work but such as have been all the time, which wait for
        /// something that may never come.
        /// </summary>
        public bool IsIdle()
        {
            ThreadPool.GetMaxThreads(out int most, out _);
            ThreadPool.GetAvailableThreads(out int free, out _);
            int busy = most - free;
            _now = Math.Min(_now, busy);
            bool idle = ThreadPool.PendingWorkItemCount == 0 && busy <= Math.Min(_before, _now);
            if (++_looks % FloorLooks == 0) (_before, _now) = (_now, int.MaxValue);
            return idle;
        }
    }

    private sealed class Waiter
    {
        private int _looks;
        private int _quiet;

        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Takes note of a look; true when it was the last.</summary>
        public bool IsOver(bool idle)
        {
            _looks++;
            _quiet = idle ? _quiet + 1 : 0;
            if (_quiet < QuietLooks && _looks < MaxLooks) return false;
            End.SetResult();
            return true;
        }
    }
}
