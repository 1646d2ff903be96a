namespace Btmm.Protocol.Dns.Lease;

/// <summary>When to refresh records that have a lease (RFC 9664 §5). Immutable; all times count from the grant.</summary>
public sealed class LeaseSchedule
{
    // RFC 9664 §5.
    private const double RefreshFrom = 0.80;
    private const double RefreshSpread = 0.05;

    // Our own: the nine further attempts that §5 gives as an example.
    private const int Retries = 9;

    private readonly TimeSpan[] _attempts;

    /// <summary>Plans the attempts.</summary>
    /// <param name="lease">The lease granted.</param>
    /// <param name="random">A random number from 0 (inclusive) to 1, so that clients do not all come at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lease is not positive or the number is out of its range.</exception>
    public LeaseSchedule(TimeSpan lease, double random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(random);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(random, 1);
        Lease = lease;
        TimeSpan first = lease * (RefreshFrom + (RefreshSpread * random));
        TimeSpan step = (lease - first) / (Retries + 1);
        _attempts = [.. Enumerable.Range(0, Retries + 1).Select(i => first + (i * step))];
    }

    /// <summary>The lease: at this time the records are gone.</summary>
    public TimeSpan Lease { get; }

    /// <summary>The first attempt, at 80 to 85 % of the lease.</summary>
    public TimeSpan RefreshAt => _attempts[0];

    /// <summary>All attempts: the first and nine more, evenly spaced over the rest of the lease.</summary>
    public IReadOnlyList<TimeSpan> Attempts => _attempts;

    /// <summary>The first attempt after a time; null when none is left and the records have to be registered anew.</summary>
    /// <param name="elapsed">Time since the grant.</param>
    public TimeSpan? NextAfter(TimeSpan elapsed)
    {
        foreach (TimeSpan attempt in _attempts)
        {
            if (attempt > elapsed) return attempt;
        }

        return null;
    }
}
