using Btmm.Server.Hosting;

namespace Btmm.Server.Policy;

/// <summary>Allows so many events a minute on average, and a minute's worth at once. Thread-safe.</summary>
internal sealed class TokenBucket(ServiceClock clock, int perMinute)
{
    private readonly Lock _gate = new();
    private double _tokens = perMinute;
    private TimeSpan _filled = clock.Now;

    /// <summary>Events a minute.</summary>
    internal int PerMinute => perMinute;

    /// <summary>Takes a token; false when there is none.</summary>
    internal bool TryTake()
    {
        lock (_gate)
        {
            TimeSpan now = clock.Now;
            _tokens = Math.Min(perMinute, _tokens + ((now - _filled).TotalMinutes * perMinute));
            _filled = now;
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }
}
