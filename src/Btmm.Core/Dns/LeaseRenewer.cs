using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns.Lease;

namespace Btmm.Core.Dns;

/// <summary>
/// Keeps something with a lease alive: refreshes it at 80 to 85 % of the lease, tries nine more times until the lease ends
/// (RFC 9664 §5), then goes on as with a new registration. Runs until it is cancelled. Not thread-safe.
/// </summary>
public sealed class LeaseRenewer
{
    // Our own: how soon a registration that failed is tried again, doubling.
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lastRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_shortestLease = TimeSpan.FromSeconds(30);

    private readonly Func<CancellationToken, Task<TimeSpan>> _refresh;
    private readonly Action<BtmmException?> _report;
    private readonly TimeProvider _time;

    /// <summary>Makes a renewer.</summary>
    /// <param name="refresh">Registers or refreshes; returns the lease granted; throws <see cref="BtmmException"/> on failure.</param>
    /// <param name="report">Hears of every attempt: null for a success, else the failure.</param>
    /// <param name="time">The clock.</param>
    public LeaseRenewer(Func<CancellationToken, Task<TimeSpan>> refresh, Action<BtmmException?> report, TimeProvider time)
    {
        _refresh = refresh;
        _report = report;
        _time = time;
    }

    /// <summary>Refreshes on time until cancelled.</summary>
    /// <param name="granted">The lease that was just granted; null to register first.</param>
    /// <param name="cancellationToken">Ends it; the records then stay until their lease ends.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(TimeSpan? granted, CancellationToken cancellationToken)
    {
        TimeSpan lease = granted ?? await RegisterAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            lease = await KeepAsync(lease, cancellationToken).ConfigureAwait(false) ?? await RegisterAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the schedule's attempts; returns the new lease, or null when all failed.</summary>
    private async Task<TimeSpan?> KeepAsync(TimeSpan lease, CancellationToken cancellationToken)
    {
        if (lease < s_shortestLease) lease = s_shortestLease;
        long granted = _time.GetTimestamp();
        var schedule = new LeaseSchedule(lease, Random.Shared.NextDouble());
        TimeSpan elapsed = TimeSpan.Zero;
        while (schedule.NextAfter(elapsed) is { } next)
        {
            await Task.Delay(next - elapsed, _time, cancellationToken).ConfigureAwait(false);
            if (await TryAsync(cancellationToken).ConfigureAwait(false) is { } renewed) return renewed;
            elapsed = _time.GetElapsedTime(granted);
        }

        return null;
    }

    private async Task<TimeSpan> RegisterAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait = s_firstRetry;
        while (true)
        {
            if (await TryAsync(cancellationToken).ConfigureAwait(false) is { } lease) return lease;
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
            wait = TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, s_lastRetry.Ticks));
        }
    }

    private async Task<TimeSpan?> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan lease = await _refresh(cancellationToken).ConfigureAwait(false);
            _report(null);
            return lease;
        }
        catch (BtmmException e)
        {
            _report(e);
            return null;
        }
    }
}
