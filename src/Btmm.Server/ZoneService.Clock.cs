using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>
/// Clocks that are wrong. While the service runs, leases keep their length whatever happens to the wall clock; after a step of
/// it their stored ends are written again. At a start the wall clock alone tells how much is left of a lease: a clock that is
/// behind prolongs leases, by one longest lease at most; with one that is ahead they end early, as TSIG fails too. A database
/// that several services share keeps leases by its own clock, and the services' clocks do not matter.
/// </content>
public sealed partial class ZoneService
{
    private static readonly TimeSpan s_clockInterval = TimeSpan.FromSeconds(10);

    private readonly ClockWatch _clockWatch;
    private readonly DeadlineLoop _clockChecks;
    private TimeSpan _nextClockCheck;

    private async ValueTask CheckClockAsync(CancellationToken cancellationToken)
    {
        _nextClockCheck = _clock.Now + s_clockInterval;
        if (_clockWatch.Step is not { } step)
            return;
        ServerLog.Instance.ClockSet(step.TotalSeconds);
        try
        {
            if (!_store.IsShared)
            {
                foreach (Zone zone in _zones.All)
                    await zone.StoreLeasesAsync(cancellationToken).ConfigureAwait(false);
            }

            _clockWatch.Accept();
        }
        catch (IOException)
        {
            // The writer has reported it; the next check is the next attempt.
        }
    }

    private StoredRecord Bound(StoredRecord item, DateTimeOffset wall)
    {
        TimeSpan longest = _options.RecordLease.Maximum > _options.KeyLease.Maximum || item.Record.Type != Protocol.Dns.DnsType.KEY
            ? _options.RecordLease.Maximum
            : _options.KeyLease.Maximum;
        return item.LeaseEnd > wall + longest ? item with { LeaseEnd = wall + longest } : item;
    }
}
