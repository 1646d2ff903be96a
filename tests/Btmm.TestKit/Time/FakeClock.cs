using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.TestKit;

/// <summary>
/// Virtual time: a <see cref="FakeTimeProvider"/> that knows when its next timer is due, so that asynchronous drivers can be run
/// for hours of virtual time in milliseconds. Thread-safe.
/// </summary>
public sealed class FakeClock : FakeTimeProvider
{
    /// <summary>How long, in real time, a run may wait for work that never comes.</summary>
    private static readonly TimeSpan s_realLimit = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly HashSet<TrackedTimer> _timers = [];

    /// <summary>Starts at noon of 1 January 2026, UTC.</summary>
    public FakeClock()
        : base(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Elapsed => GetUtcNow() - Start;

    /// <summary>How long until the next timer, or null when none is armed.</summary>
    public TimeSpan? NextTimer
    {
        get
        {
            lock (_gate)
            {
                DateTimeOffset? due = null;
                foreach (TrackedTimer timer in _timers)
                {
                    if (timer.Due is { } at && (due is null || at < due)) due = at;
                }

                DateTimeOffset now = GetUtcNow();
                return due is null ? null : due <= now ? TimeSpan.Zero : due - now;
            }
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        TrackedTimer timer = new(this, callback, state);
        timer.Attach(base.CreateTimer(timer.Fire, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Lets the program work until it only waits for time, then moves to its next timer, again and again, until
    /// <paramref name="condition"/> holds.
    /// </summary>
    /// <param name="condition">What to wait for.</param>
    /// <param name="limit">The most virtual time that may pass.</param>
    /// <exception cref="TimeoutException">It did not come to hold.</exception>
    public async Task RunUntilAsync(Func<bool> condition, TimeSpan limit)
    {
        DateTimeOffset end = GetUtcNow() + limit;
        Stopwatch real = Stopwatch.StartNew();
        while (true)
        {
            await SettleAsync().ConfigureAwait(false);
            if (condition()) return;
            TimeSpan? next = NextTimer;
            if (next is null && real.Elapsed < s_realLimit) continue;
            if (next is null || GetUtcNow() + next > end || real.Elapsed > s_realLimit)
                throw new TimeoutException($"not within {limit} of virtual time ({real.Elapsed.TotalSeconds:F1} s real); next timer: {next}");
            Advance(next.Value);
        }
    }

    /// <summary>Lets virtual time pass, timer by timer, with the program working in between.</summary>
    public async Task RunForAsync(TimeSpan duration)
    {
        DateTimeOffset end = GetUtcNow() + duration;
        while (true)
        {
            await SettleAsync().ConfigureAwait(false);
            TimeSpan left = end - GetUtcNow();
            if (left <= TimeSpan.Zero) return;
            Advance(NextTimer is { } next && next < left ? next : left);
        }
    }

    /// <summary>Gives the thread pool time to finish what it can do without the clock moving.</summary>
    public static Task SettleAsync() => PoolRest.WaitAsync();

    private void Track(TrackedTimer timer)
    {
        lock (_gate) _timers.Add(timer);
    }

    private void Forget(TrackedTimer timer)
    {
        lock (_gate) _timers.Remove(timer);
    }

    private sealed class TrackedTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private ITimer? _inner;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset? Due { get; private set; }

        public void Attach(ITimer inner)
        {
            _inner = inner;
            clock.Track(this);
        }

        public void Fire(object? _)
        {
            Due = _period > TimeSpan.Zero ? clock.GetUtcNow() + _period : null;
            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetUtcNow() + dueTime;
            return _inner?.Change(dueTime, period) ?? false;
        }

        public void Dispose()
        {
            clock.Forget(this);
            _inner?.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
