namespace Btmm.Server.Hosting;

/// <summary>The service's two clocks: a monotonic one for leases and timers, and the wall clock for TSIG and the store.</summary>
internal sealed class ServiceClock(TimeProvider timeProvider)
{
    private readonly long _start = timeProvider.GetTimestamp();

    internal TimeProvider TimeProvider => timeProvider;

    /// <summary>Time since this clock was made.</summary>
    internal TimeSpan Now => timeProvider.GetElapsedTime(_start);

    internal DateTimeOffset UtcNow => timeProvider.GetUtcNow();
}
