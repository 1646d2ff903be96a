using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>Waiting, and what ends a wait early: the data path's suspicion, or the gateway's announcement.</summary>
internal sealed partial class GatewayKeeper
{
    /// <summary>Hints make no more than one look in this time, however many announcements somebody sends.</summary>
    private static readonly TimeSpan s_hintSpacing = TimeSpan.FromSeconds(1);

    /// <summary>A look that hints cut short again and again gets up to 64 s in the end: longer than any operation that gets on.</summary>
    private const int MaxPatienceDoublings = 6;

    /// <summary>Announcements, which anybody can forge, are told as a restart no more often than this; what the gateway itself answers always is.</summary>
    private static readonly TimeSpan s_restartSpacing = TimeSpan.FromSeconds(30);

    /// <summary>After an announcement the gateway may take a while to settle: the pauses before the looks that follow.</summary>
    private static readonly TimeSpan[] s_followUps =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    private TimeSpan? _announcedRestartAt;

    /// <summary>Waits until the next look is due or a hint asks for it.</summary>
    private async Task PauseAsync(IPortMapper mapper, TimeSpan pause, CancellationToken episode)
    {
        TimeSpan end = Now() + pause;
        while (end - Now() is { } left && left > TimeSpan.Zero)
        {
            using CancellationTokenSource timer = new(left, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(episode, timer.Token);
            try
            {
                TimeSpan wait = await NextHintAsync(mapper, either.Token).ConfigureAwait(false);
                if (Now() + wait < end) end = Now() + wait;
            }
            catch (OperationCanceledException) when (!episode.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Ends when a hint came during a look that does not get on.</summary>
    /// <remarks>Each look in a row that is cut short gives the next one more time, or somebody who sends hints all the time could keep any from its end.</remarks>
    private async Task HintDuringLookAsync(IPortMapper mapper, CancellationToken attempt)
    {
        TimeSpan wait = await NextHintAsync(mapper, attempt).ConfigureAwait(false);
        _lookAgainAt = Now() + wait;
        TimeSpan undisturbed = _lastLookAt + (s_hintSpacing * (1 << Math.Min(_cutShort, MaxPatienceDoublings))) - Now();
        if (undisturbed > wait) wait = undisturbed;
        if (wait > TimeSpan.Zero) await Task.Delay(wait, _time, attempt).ConfigureAwait(false);
    }

    /// <summary>Waits for a hint. Returns how long to wait before acting on it.</summary>
    private async Task<TimeSpan> NextHintAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_checks.TryRead(out _))
            {
                _inDoubt = true;
                Interlocked.Increment(ref _hints);
                return HintSpacingLeft();
            }

            while (mapper.Announcements.TryRead(out GatewayAnnouncement announcement))
            {
                if (Judge(announcement) is { } wait) return wait;
            }

            using CancellationTokenSource one = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task check = _checks.WaitToReadAsync(one.Token).AsTask();
            Task announced = AnnouncedAsync(mapper, one.Token);
            await Task.WhenAny(check, announced).ConfigureAwait(false);
            await one.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(check, announced).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Ends when there is an announcement to read; never when there will be none any more.</summary>
    private static async Task AnnouncedAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        if (!await mapper.Announcements.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How long to wait before asking what an announcement is about; null when that is already under way.</summary>
    /// <remarks>
    /// The address in it is not looked at: a gateway may still announce the old one while it learns the new one.
    /// </remarks>
    private TimeSpan? Judge(GatewayAnnouncement announcement)
    {
        _followUp = 0;
        Interlocked.Increment(ref _hints);
        if (!announcement.StateLost) return HintSpacingLeft();

        // All hosts of this network hear it now; RFC 6886 §3.7 spreads what they do next. It comes up to ten times.
        // A forged one costs the gateway one renewal, which changes nothing.
        _inDoubt = true;
        if (_recreationPending) return null;
        _recreationPending = true;
        TellAnnouncedRestart();
        return NatPmpConstants.MaxRecreationDelay * _random.NextShare();
    }

    /// <summary>Before it is known to be true: flows through the gateway are gone now, and come back by what is sent now.</summary>
    private void TellAnnouncedRestart()
    {
        if (Now() - _announcedRestartAt < s_restartSpacing) return;
        _announcedRestartAt = Now();
        _owner.TellGatewayRestart();
    }

    private TimeSpan HintSpacingLeft()
    {
        TimeSpan left = _lastLookAt + s_hintSpacing - Now();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
