using Btmm.Server.Hosting;
using Btmm.Server.Push;

namespace Btmm.Server;

/// <content>DNS Push Notifications.</content>
public sealed partial class ZoneService
{
    // How long the clients are told that the service stops, and have time to close.
    private static readonly TimeSpan s_goodbyeTime = TimeSpan.FromSeconds(1);

    private readonly PushTable _push;
    private readonly DeadlineLoop _telling;

    private volatile bool _isReviewDue;

    private void ReviewSubscriptions()
    {
        _isReviewDue = true;
        _telling.Signal();
    }

    private ValueTask TellAsync(CancellationToken cancellationToken)
    {
        if (_isReviewDue)
        {
            _isReviewDue = false;
            _push.Review();
        }

        _push.HandleTimeout(_clock.Now);
        return ValueTask.CompletedTask;
    }

    // Clients of sessions are asked to close first: what is reset they would take for a failure (RFC 8490 §6.6.1).
    private async Task SayGoodbyeAsync()
    {
        if (_push.ConnectionCount == 0)
            return;
        using var timeout = new CancellationTokenSource(s_goodbyeTime, _clock.TimeProvider);
        await _push.EndAllAsync(timeout.Token).ConfigureAwait(false);
        await _push.WaitForNoneAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
