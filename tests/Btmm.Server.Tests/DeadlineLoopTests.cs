using Btmm.Server.Hosting;
using Btmm.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

public sealed class DeadlineLoopTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Run_DeadlineComes_WorksThenAndNotBefore()
    {
        var time = new FakeTimeProvider();
        var clock = new ServiceClock(time);
        int runs = 0;
        TimeSpan? deadline = TimeSpan.FromSeconds(10);
        var loop = new DeadlineLoop(clock, () => deadline, Work);
        using var stop = new CancellationTokenSource();
        Task task = loop.RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => runs == 1, "it looked once");
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, runs);
        // The wait is set after the work, on another thread: time goes on until it has been noticed.
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return runs == 2;
            },
            "the deadline was met");
        Assert.Null(deadline);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(s_patience));

        ValueTask Work(CancellationToken cancellationToken)
        {
            if (clock.Now >= deadline)
                deadline = null;
            Interlocked.Increment(ref runs);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task Signal_BeforeTheDeadline_WakesTheLoop()
    {
        int runs = 0;
        var loop = new DeadlineLoop(new ServiceClock(new FakeTimeProvider()), static () => null, _ =>
        {
            Interlocked.Increment(ref runs);
            return ValueTask.CompletedTask;
        });
        using var stop = new CancellationTokenSource();
        Task task = loop.RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => runs == 1, "it looked once");
        loop.Signal();
        await Eventually.HoldsAsync(() => runs >= 2, "it looked again");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(s_patience));
    }

    [Fact]
    public async Task Work_Throws_EndsTheLoopWithItsException()
    {
        var loop = new DeadlineLoop(new ServiceClock(new FakeTimeProvider()), static () => null, static _ => throw new InvalidOperationException("x"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync(CancellationToken.None).WaitAsync(s_patience));
    }
}
