using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Peers;

/// <summary>A virtual clock that can run until something happens.</summary>
internal sealed class FakeClock : FakeTimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _waits = new();
    private static readonly TimeSpan s_realLimit = TimeSpan.FromSeconds(30);

    /// <summary>Every wait that was asked for, in order: exact, however late a busy machine gets round to ending it.</summary>
    internal IReadOnlyList<TimeSpan> Waits => [.. _waits];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>Lets virtual time pass in small steps until the task is done; fails after 30 real seconds.</summary>
    internal async Task<T> RunUntilAsync<T>(Task<T> task, TimeSpan? step = null)
    {
        long start = Environment.TickCount64;
        while (!task.IsCompleted)
        {
            Assert.True(Environment.TickCount64 - start < s_realLimit.TotalMilliseconds, "nothing happened in time");
            await SettleAsync();
            if (!task.IsCompleted) Advance(step ?? TimeSpan.FromMilliseconds(50));
        }

        return await task;
    }

    /// <summary>Lets virtual time pass.</summary>
    internal async Task RunAsync(TimeSpan time, int steps = 20)
    {
        for (int i = 0; i < steps; i++)
        {
            await SettleAsync();
            Advance(time / steps);
        }

        await SettleAsync();
    }

    /// <summary>Lets everything run that is ready to.</summary>
    internal static async Task SettleAsync()
    {
        for (int i = 0; i < 20; i++) await Task.Yield();
    }
}
