using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>Waiting, and what ends a wait early: the data path's suspicion, or the gateway's announcement.</summary>
internal sealed partial class GatewayKeeper
{
    /// <summary>Hints make no more than one look in this time, however many announcements somebody sends.</summary>
    private static readonly TimeSpan s_hintSpacing = TimeSpan.FromSeconds(1);

    /// <summary>After an announcement the gateway may take a while to settle: the pauses before the looks that follow.</summary>
    private static readonly TimeSpan[] s_followUps =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

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
    private async Task HintDuringLookAsync(IPortMapper mapper, CancellationToken attempt)
    {
        TimeSpan wait = await NextHintAsync(mapper, attempt).ConfigureAwait(false);
        _lookAgain = true;
        TimeSpan left = HintSpacingLeft();
        if (left > wait) wait = left;
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
        if (!announcement.StateLost) return HintSpacingLeft();

        // All hosts of this network hear it now; RFC 6886 §3.7 spreads what they do next. It comes up to ten times.
        // A forged one costs the gateway one renewal, which changes nothing.
        _inDoubt = true;
        if (_recreationPending) return null;
        _recreationPending = true;
        _owner.TellGatewayRestart();
        return NatPmpConstants.MaxRecreationDelay * _random.NextShare();
    }

    private TimeSpan HintSpacingLeft()
    {
        TimeSpan left = _lastLookAt + s_hintSpacing - Now();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
