using System.Threading.Channels;

namespace Btmm.Server.Hosting;

/// <summary>
/// Runs a piece of work whenever its next deadline comes or somebody signals that there is something to do. The owner awaits
/// <see cref="RunAsync"/>; <see cref="Signal"/> is thread-safe.
/// </summary>
internal sealed class DeadlineLoop(ServiceClock clock, Func<TimeSpan?> nextDeadline, Func<CancellationToken, ValueTask> work)
{
    // Timers take at most 49 days; waking once a day costs nothing.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(1);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal void Signal() => _wake.Writer.TryWrite(true);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        ITimer timer = clock.TimeProvider.CreateTimer(static state => ((DeadlineLoop)state!).Signal(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await work(cancellationToken).ConfigureAwait(false);
                timer.Change(Wait(), Timeout.InfiniteTimeSpan);
                await _wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan Wait()
    {
        if (nextDeadline() is not { } deadline)
            return Timeout.InfiniteTimeSpan;
        TimeSpan wait = deadline - clock.Now;
        return wait < s_shortestWait ? s_shortestWait : wait > s_longestWait ? s_longestWait : wait;
    }
}
