using Btmm.Server.Hosting;

namespace Btmm.Server.Policy;

/// <summary>The updates that a zone or a key has left, and how many were refused for want of them. Thread-safe.</summary>
internal sealed class UpdateBudget(ServiceClock clock)
{
    private volatile TokenBucket? _bucket;
    private long _refused;

    /// <summary>Requests refused since the start.</summary>
    internal long Refused => Interlocked.Read(ref _refused);

    /// <summary>Sets the rate, 0 for no limit; what is left stays when it is the same as before.</summary>
    internal void SetRate(int perMinute)
    {
        if (_bucket?.PerMinute != perMinute)
            _bucket = perMinute == 0 ? null : new TokenBucket(clock, perMinute);
    }

    internal bool TryTake()
    {
        if (_bucket?.TryTake() ?? true)
            return true;
        CountRefused();
        return false;
    }

    /// <summary>Counts a request refused for another limit of the same owner.</summary>
    internal void CountRefused() => Interlocked.Increment(ref _refused);
}
