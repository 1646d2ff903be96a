using System.Collections.Concurrent;

namespace Btmm.TestKit;

/// <summary>
/// Waits of a millisecond of real time that last no longer: <see cref="Task.Delay(int)"/> counts in ticks of the system's clock, which
/// are four of them. Thread-safe.
/// </summary>
internal static class ShortWait
{
    private static readonly BlockingCollection<TaskCompletionSource> s_waiting = [];

    /// <summary>Not one of the pool's threads: those that wait are to count as idle.</summary>
    private static readonly Thread s_thread = Start();

    /// <summary>Waits a millisecond without holding a thread of the pool.</summary>
    internal static Task OneMillisecondAsync()
    {
        TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        s_waiting.Add(end);
        return s_thread.IsAlive ? end.Task : throw new InvalidOperationException("nobody waits");
    }

    private static Thread Start()
    {
        Thread thread = new(Run) { IsBackground = true, Name = nameof(ShortWait) };
        thread.Start();
        return thread;
    }

    private static void Run()
    {
        List<TaskCompletionSource> together = [];
        while (true)
        {
            together.Add(s_waiting.Take());
            while (s_waiting.TryTake(out TaskCompletionSource? more)) together.Add(more);
            Thread.Sleep(1);
            foreach (TaskCompletionSource end in together) end.SetResult();
            together.Clear();
        }
    }
}
