using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.NatTraversal;

public sealed class TurnTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Turn _turn = new();

    [Fact]
    public async Task Run_Several_OneAtATimeInTheOrderOfTheCalls()
    {
        TaskCompletionSource first = new();
        List<int> order = [];
        Task[] calls = [.. Enumerable.Range(0, 5).Select(i => _turn.RunAsync(
            async () =>
            {
                order.Add(i);
                if (i == 0) await first.Task;
                order.Add(i);
                return i;
            },
            CancellationToken.None))];
        Assert.Equal([0], order);
        first.SetResult();
        await Task.WhenAll(calls).WaitAsync(s_limit);
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], order);
    }

    [Fact]
    public async Task Run_OperationFails_TheNextRuns()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _turn.RunAsync<int>(() => throw new TimeoutException(), CancellationToken.None));
        Assert.Equal(7, await _turn.RunAsync(() => Task.FromResult(7), CancellationToken.None).WaitAsync(s_limit));
    }

    [Fact]
    public async Task Run_CancelledWhileItWaits_NeverRuns()
    {
        TaskCompletionSource<int> first = new();
        Task<int> running = _turn.RunAsync(() => first.Task, CancellationToken.None);
        using CancellationTokenSource cancel = new();
        bool ran = false;
        Task<bool> waiting = _turn.RunAsync(() => Task.FromResult(ran = true), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(s_limit));
        first.SetResult(1);
        Assert.Equal(1, await running.WaitAsync(s_limit));
        Assert.False(ran);
    }

    [Fact]
    public async Task Close_OneRunsAndTwoWait_TheOneEndsAndTheOthersNeverRun()
    {
        TaskCompletionSource<int> first = new();
        Task<int> running = _turn.RunAsync(() => first.Task, CancellationToken.None);
        bool ran = false;
        Task[] waiting = [.. Enumerable.Range(0, 2).Select(_ => _turn.RunAsync(() => Task.FromResult(ran = true), CancellationToken.None))];
        _turn.Close();
        Task idle = _turn.WhenIdleAsync();
        Assert.False(idle.IsCompleted);
        first.SetResult(1);
        await idle.WaitAsync(s_limit);
        Assert.Equal(1, await running.WaitAsync(s_limit));
        foreach (Task call in waiting) await Assert.ThrowsAsync<ObjectDisposedException>(() => call.WaitAsync(s_limit));
        Assert.False(ran);
    }
}
