namespace Btmm.Server.Hosting;

/// <summary>
/// Notices when the wall clock is set: leases run on the monotonic clock and do not care, but their ends are stored by the wall
/// clock. Sleep of the machine looks the same, since the monotonic clock stands still in it. Not thread-safe.
/// </summary>
internal sealed class ClockWatch(ServiceClock clock)
{
    // A clock that is slewed gains or loses at most half a thousandth.
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(1);

    private DateTimeOffset _zero = clock.UtcNow - clock.Now;

    /// <summary>How far the clock was set since <see cref="Accept"/>; null when it was not.</summary>
    internal TimeSpan? Step => clock.UtcNow - clock.Now - _zero is var step && step.Duration() >= s_tolerance ? step : null;

    /// <summary>Takes the clock as it is now.</summary>
    internal void Accept() => _zero = clock.UtcNow - clock.Now;
}
