using Btmm.Server.Hosting;

namespace Btmm.Server.Transport;

/// <summary>
/// One deadline that is moved with every message: the system's timer is only touched when it would go off too late.
/// Thread-safe.
/// </summary>
internal sealed class ConnectionTimer : IDisposable
{
    private readonly ServiceClock _clock;
    private readonly Action _expired;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan? _due;
    private TimeSpan? _armedFor;

    /// <param name="clock">The clock.</param>
    /// <param name="expired">Called once each time when a deadline has passed, on any thread; must not throw.</param>
    internal ConnectionTimer(ServiceClock clock, Action expired)
    {
        _clock = clock;
        _expired = expired;
        _timer = clock.TimeProvider.CreateTimer(static state => ((ConnectionTimer)state!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets the deadline from now on; infinite for none.</summary>
    internal void Set(TimeSpan timeout)
    {
        lock (_gate)
        {
            _due = timeout == Timeout.InfiniteTimeSpan ? null : _clock.Now + timeout;
            if (_due is { } due && (_armedFor is not { } armed || due < armed))
                Arm(due, timeout);
        }
    }

    /// <summary>Takes the deadline away.</summary>
    internal void Clear() => Set(Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    private void OnTick()
    {
        lock (_gate)
        {
            _armedFor = null;
            if (_due is not { } due)
                return;
            if (due - _clock.Now is var left && left > TimeSpan.Zero)
            {
                Arm(due, left);
                return;
            }

            _due = null;
        }

        _expired();
    }

    private void Arm(TimeSpan due, TimeSpan timeout)
    {
        _armedFor = due;
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }
}
