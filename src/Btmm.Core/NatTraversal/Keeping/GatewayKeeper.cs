using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>
/// Keeps the mapping, or the pinhole, on one gateway, from the moment the host joins its network to the moment it leaves. Used by
/// one task.
/// </summary>
/// <remarks>
/// A look = ask for the external address; when it is public and the mapping is missing, due or in doubt, map; publish. Looks are
/// made at the start, every poll interval, at half the mapping's lifetime, and when something hints at a change. Where the address is
/// told with a mapping alone, a look asks for that after a hint and at every fourth poll; the others show whether the gateway restarted.
/// </remarks>
internal sealed partial class GatewayKeeper
{
    /// <summary>How long after the end of a mapping it is certain that the gateway has dropped it.</summary>
    private static readonly TimeSpan s_afterTheEnd = TimeSpan.FromSeconds(1);

    private readonly IKeeperOwner _owner;
    private readonly GatewayRoute _route;
    private readonly EndpointCandidateKind _kind;
    private readonly MappingKeeperOptions _options;
    private readonly IPortMapperFactory _mappers;
    private readonly GatewayMemory? _memory;
    private readonly TimeProvider _time;
    private readonly IRandomSource _random;
    private readonly ChannelReader<bool> _checks;
    private readonly long _origin;
    private readonly Lock _tellGate = new();

    private GatewayAnswer? _answer;
    private TimeSpan _lastLookAt;
    private TimeSpan? _failingSince;
    private int _failures;
    private int _followUp = s_followUps.Length;
    private bool _answered;
    private bool _told;
    private bool _inDoubt;
    private int _hints;
    private int _hintsMet;
    private bool _recreationPending;
    private TimeSpan? _lookAgainAt;
    private int _cutShort;

    internal GatewayKeeper(IKeeperOwner owner, GatewayRoute route, EndpointCandidateKind kind, KeeperParts parts)
    {
        _owner = owner;
        _route = route;
        _kind = kind;
        _options = parts.Options;
        _mappers = parts.Mappers;
        _memory = parts.Memory is { } memory ? new GatewayMemory(memory, parts.Gateways, route) : null;
        _time = parts.Time;
        _random = parts.Random;
        _checks = parts.Checks;
        _origin = parts.Time.GetTimestamp();
    }

    /// <summary>
    /// Runs until the network changes or the keeper stops; then, at a stop, releases the mapping. Returns whether that succeeded
    /// or was not needed.
    /// </summary>
    internal async Task<bool> RunAsync(CancellationToken episode, CancellationToken shutdown)
    {
        await using IPortMapper mapper = _mappers.Open(_route);
        try
        {
            while (_owner.IsCurrent(_route))
            {
                TimeSpan pause = await LookAsync(mapper, episode).ConfigureAwait(false);
                await PauseAsync(mapper, pause, episode).ConfigureAwait(false);
            }

            return true;
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            return await ReleaseAsync(mapper).ConfigureAwait(false);
        }
    }

    /// <summary>Whether there is a mapping that has not ended.</summary>
    private bool IsHeld => _lease is { } lease && Now() < lease.ExpiresAt;

    private TimeSpan Now() => _time.GetElapsedTime(_origin);

    /// <summary>One look, with its failures handled. Returns how long to wait for the next.</summary>
    private async Task<TimeSpan> LookAsync(IPortMapper mapper, CancellationToken episode)
    {
        _lookAgainAt = null;
        _recreationPending = false;
        _lastLookAt = Now();
        using CancellationTokenSource attempt = CancellationTokenSource.CreateLinkedTokenSource(episode);
        Task look = RefreshAsync(mapper, attempt.Token);
        Task hint = HintDuringLookAsync(mapper, attempt.Token);
        Task notice = EarlyNoticeAsync(attempt.Token);
        await Task.WhenAny(look, hint).ConfigureAwait(false);
        await attempt.CancelAsync().ConfigureAwait(false);

        // All of it, the look too: the mapper is released from and disposed of next.
        await Task.WhenAll(look, hint, notice).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        episode.ThrowIfCancellationRequested();
        try
        {
            await look.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!episode.IsCancellationRequested)
        {
            _cutShort++;
            return TimeSpan.Zero; // A hint came, and its wait is over, while the gateway was silent: ask afresh, with short intervals.
        }
        catch (BtmmException e)
        {
            TimeSpan delay = Fail(e);
            return _lookAgainAt is { } again ? again - Now() : delay;
        }

        _cutShort = 0;
        _failures = 0;
        _failingSince = null;
        if (_lookAgainAt is { } at) return at - Now();
        TimeSpan pause = _options.PollInterval;
        if (_followUp < s_followUps.Length)
        {
            pause = s_followUps[_followUp++];
            Interlocked.Increment(ref _hints);
        }

        TimeSpan untilRenewal = (_lease?.RenewAt ?? TimeSpan.MaxValue) - Now();
        return untilRenewal < pause ? untilRenewal : pause;
    }

    private async Task RefreshAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        int hints = Volatile.Read(ref _hints);
        ExchangeEffort effort = _answered ? ExchangeEffort.Brisk : ExchangeEffort.Thorough;
        _answer = await mapper.QueryAsync(effort, cancellationToken).ConfigureAwait(false);
        _answered = true;
        JudgeAddress(_answer.ExternalAddress);
        bool lost = mapper.StateLossCount != _lossesAtMapping;
        int lossesBefore = _lossesAtMapping;
        if (lost || IsInDoubt(_answer)) await MapAsync(mapper, lost, cancellationToken).ConfigureAwait(false);
        if (_lossesAtMapping != lossesBefore) _owner.TellGatewayRestart();
        _hintsMet = hints;
        Tell(Available());
    }

    /// <summary>Takes note of a failure. Returns how long to wait for the next look.</summary>
    private TimeSpan Fail(BtmmException failure)
    {
        TimeSpan now = Now();
        bool held = IsHeld;
        _cutShort = 0;
        _failures++;
        _failingSince ??= now;
        TimeSpan left = (_lease?.ExpiresAt ?? now) - now;
        TimeSpan limit = RetryPolicy.LeavesTheMapping(failure.Reason) ? left + (now - _failingSince.Value) : RetryPolicy.Grace;
        bool patient = held && RetryPolicy.MayPass(failure.Reason) && now - _failingSince < limit;
        if (!patient)
        {
            Tell(MappingKeeper.Unavailable(_route, failure.Reason, failure.Message, failure.Remedy) with
            {
                ExternalAddress = Address(),
            });
            _inDoubt = true;
        }

        // Where a renewal is refused, the end of the mapping may make room for a new one.
        TimeSpan delay = RetryPolicy.Delay(failure, _failures, worked: _lease is not null);
        return held && left + s_afterTheEnd < delay ? left + s_afterTheEnd : delay;
    }
}
