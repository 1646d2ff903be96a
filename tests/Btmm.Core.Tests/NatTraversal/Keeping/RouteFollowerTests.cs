using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>Living on one network after the other, and what is said at the end about releasing.</summary>
public sealed class RouteFollowerTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeGatewayFinder _routes = new();
    private readonly List<Exception> _faults = [];
    private int _lives;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_RightAfterAChangeOfNetwork_LivesOnceMoreToRelease(bool released)
    {
        TaskCompletionSource begun = NewSignal();
        TaskCompletionSource cut = NewSignal();
        TaskCompletionSource goOn = NewSignal();
        RouteFollower follower = Follower(async (_, episode) =>
        {
            if (_lives > 1) return released;
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, episode).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cut.SetResult();
            await goOn.Task;
            throw new OperationCanceledException(episode);
        });
        follower.Start();
        await begun.Task;
        follower.Restart();
        await cut.Task;
        Task<bool> stop = follower.StopAsync();
        goOn.SetResult();
        Assert.Equal(released, await stop);
        Assert.Equal(2, _lives);
    }

    [Fact]
    public async Task Stop_WhileAFaultIsWaitedOut_LivesOnceMoreToRelease()
    {
        RouteFollower follower = Follower((_, _) => _lives == 1 ? throw new InvalidOperationException("once") : Task.FromResult(true));
        follower.Start();
        await _clock.RunUntilAsync(() => _faults.Count == 1, TimeSpan.FromSeconds(1));
        Assert.True(await follower.StopAsync());
        Assert.Equal(2, _lives);
    }

    [Fact]
    public async Task Stop_ReleasingFails_IsNotTakenForReleased()
    {
        RouteFollower follower = Follower((_, _) => throw new InvalidOperationException("always"));
        follower.Start();
        await _clock.RunUntilAsync(() => _faults.Count == 1, TimeSpan.FromSeconds(1));
        Assert.False(await follower.StopAsync());
    }

    [Fact]
    public async Task Live_EndsByACancellationNotItsOwn_IsAFaultAndNotTheEnd()
    {
        RouteFollower follower = Follower(async (me, episode) =>
        {
            if (_lives == 1) throw new OperationCanceledException("somebody else's");
            await me.WhileOnAsync(_routes.FindDefault(), episode);
            return true;
        });
        follower.Start();
        await _clock.RunUntilAsync(() => _lives == 2, TimeSpan.FromMinutes(1));
        Assert.IsType<OperationCanceledException>(Assert.Single(_faults));
        Assert.True(await follower.StopAsync());
    }

    [Fact]
    public async Task Restart_ManyAtOnce_LivesAfreshOnTheNewRoute()
    {
        List<string?> lived = [];
        RouteFollower follower = Follower(async (me, episode) =>
        {
            lock (lived) lived.Add(_routes.FindDefault()?.Gateway.ToString());
            await me.WhileOnAsync(_routes.FindDefault(), episode);
            return true;
        });
        follower.Start();
        await _clock.RunUntilAsync(() => _lives == 1, TimeSpan.FromSeconds(1));
        _routes.Set("192.168.1.1", "192.168.1.100");
        for (int i = 0; i < 5; i++) follower.Restart();
        await _clock.RunUntilAsync(() => lived[^1] == "192.168.1.1", TimeSpan.FromSeconds(1));
        Assert.InRange(_lives, 2, 6);
        Assert.True(await follower.StopAsync());
        Assert.Empty(_faults);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RouteFollower Follower(Func<RouteFollower, CancellationToken, Task<bool>> live) => new(
        _routes.FindDefault,
        (GatewayRoute? _, RouteFollower follower, CancellationToken episode) =>
        {
            Interlocked.Increment(ref _lives);
            return live(follower, episode);
        },
        _faults.Add,
        _clock);
}
