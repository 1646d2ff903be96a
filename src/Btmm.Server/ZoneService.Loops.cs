using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>The loops: sockets, changes, ends of leases.</content>
public sealed partial class ZoneService
{
    // After a failure of the store; the records concerned are not served meanwhile.
    private static readonly TimeSpan s_pauseAfterStoreFailure = TimeSpan.FromSeconds(1);

    // For answers under way when the service stops.
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(3);

    private void Run(Listeners listeners)
    {
        // A secondary may have missed what changed last, or while this service was down (RFC 1996 §4.2).
        foreach (Zone zone in _zones.All)
            Announce(zone);
        CancellationToken stopping = _stopping.Token;
        _tasks =
        [
            .. listeners.Streams.Concat(listeners.Tls).Select(item => Task.Run(() => item.RunAsync(stopping), CancellationToken.None)),
            .. listeners.Datagrams.Select(item => Task.Run(() => item.RunAsync(stopping), CancellationToken.None)),
            .. listeners.Stun is { } stun ? [Task.Run(() => stun.RunAsync(stopping), CancellationToken.None)] : Array.Empty<Task>(),
            Task.Run(() => _events.RunAsync(stopping), CancellationToken.None),
            Task.Run(() => _reaper.RunAsync(stopping), CancellationToken.None),
            Task.Run(() => _clockChecks.RunAsync(stopping), CancellationToken.None),
            Task.Run(() => _catalogChanges.RunAsync(stopping), CancellationToken.None),
            Task.Run(() => _notifications.RunAsync(stopping), CancellationToken.None),
            Task.Run(() => _telling.RunAsync(stopping), CancellationToken.None),
        ];
        Completion = WatchAsync(_tasks, _writing);
    }

    // When one loop fails the others are stopped: a service that answers only in part is worse than one that is down.
    // The writer ends last: what was received before is answered.
    private async Task WatchAsync(Task[] tasks, Task writing)
    {
        Task first = await Task.WhenAny([.. tasks, writing]).ConfigureAwait(false);
        if (!_stopping.IsCancellationRequested)
            await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).WaitAsync(s_answerTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _closing.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([.. tasks, writing]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first.IsFaulted)
            await first.ConfigureAwait(false);
    }

    private void OnChanged(Zone zone, ZoneChange change)
    {
        if (change.IsVisible)
        {
            _llq.OnChange(_clock.Now, change);
            Announce(zone);
            _push.OnChange(change);
        }

        if (_llq.TakeSignal())
            _events.Signal();
        _reaper.Signal();
    }

    private TimeSpan? NextExpiry()
    {
        TimeSpan? next = null;
        foreach (Zone zone in _zones.All)
        {
            if (zone.NextExpiry is { } time && (next is null || time < next))
                next = time;
        }

        return next < _reaperPause ? _reaperPause : next;
    }

    private async ValueTask ExpireAsync(CancellationToken cancellationToken)
    {
        foreach (Zone zone in _zones.All)
        {
            try
            {
                await zone.ExpireAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The writer has reported it; the next attempt is later.
                _reaperPause = _clock.Now + s_pauseAfterStoreFailure;
            }
        }
    }
}
