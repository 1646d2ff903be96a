using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Keeps the mapping on one gateway, from the moment the host joins its network to the moment it leaves. Used by one task.
/// </summary>
/// <remarks>
/// A look = ask for the external address; when it is public and the mapping is missing, due or in doubt, map; publish. Looks are
/// made at the start, every poll interval, at half the mapping's lifetime, and when something hints at a change.
/// </remarks>
internal sealed partial class GatewayKeeper
{
    /// <summary>When nothing is known yet and the gateway does not answer, this is told after so long.</summary>
    private static readonly TimeSpan s_earlyNotice = TimeSpan.FromSeconds(2);

    /// <summary>As <see cref="s_earlyNotice"/>, when the same network had an endpoint a moment ago.</summary>
    private static readonly TimeSpan s_lateNotice = TimeSpan.FromSeconds(8);

    /// <summary>Hints make no more than one look in this time, however many announcements somebody sends.</summary>
    private static readonly TimeSpan s_hintSpacing = TimeSpan.FromSeconds(1);

    /// <summary>After an announcement the gateway may take a while to settle: the pauses before the looks that follow.</summary>
    private static readonly TimeSpan[] s_followUps =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    /// <summary>The end's patience with the gateway.</summary>
    private static readonly TimeSpan s_releaseLimit = TimeSpan.FromSeconds(2);

    /// <summary>Lifetimes below this are renewed no faster than this.</summary>
    private static readonly TimeSpan s_shortestRenewal = TimeSpan.FromSeconds(1);

    private readonly MappingKeeper _owner;
    private readonly GatewayRoute _route;
    private readonly MappingKeeperOptions _options;
    private readonly IPortMapperFactory _mappers;
    private readonly IGatewayFinder _gateways;
    private readonly TimeProvider _time;
    private readonly IRandomSource _random;
    private readonly ChannelReader<bool> _checks;
    private readonly long _origin;
    private readonly Lock _tellGate = new();

    private GatewayAnswer? _address;
    private PortMapping? _mapping;
    private TimeSpan _renewAt;
    private TimeSpan _expiresAt;
    private TimeSpan _lastLookAt;
    private TimeSpan? _failingSince;
    private int _failures;
    private int _followUp = s_followUps.Length;
    private int _lossesAtMapping;
    private bool _answered;
    private bool _told;
    private bool _inDoubt;
    private bool _lookAgain;
    private bool _recreationPending;

    internal GatewayKeeper(
        MappingKeeper owner,
        GatewayRoute route,
        MappingKeeperOptions options,
        IPortMapperFactory mappers,
        IGatewayFinder gateways,
        TimeProvider time,
        IRandomSource random,
        ChannelReader<bool> checks)
    {
        _owner = owner;
        _route = route;
        _options = options;
        _mappers = mappers;
        _gateways = gateways;
        _time = time;
        _random = random;
        _checks = checks;
        _origin = time.GetTimestamp();
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
            while (_gateways.FindDefault() == _route)
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

    private void Tell(EndpointState state)
    {
        lock (_tellGate)
        {
            _told = true;
            _owner.Publish(state);
        }
    }

    private TimeSpan Now() => _time.GetElapsedTime(_origin);

    /// <summary>One look, with its failures handled. Returns how long to wait for the next.</summary>
    private async Task<TimeSpan> LookAsync(IPortMapper mapper, CancellationToken episode)
    {
        _lookAgain = false;
        _recreationPending = false;
        _lastLookAt = Now();
        using CancellationTokenSource attempt = CancellationTokenSource.CreateLinkedTokenSource(episode);
        Task look = RefreshAsync(mapper, attempt.Token);
        Task hint = HintDuringLookAsync(mapper, attempt.Token);
        Task notice = EarlyNoticeAsync(attempt.Token);
        await Task.WhenAny(look, hint).ConfigureAwait(false);
        await attempt.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(hint, notice).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        episode.ThrowIfCancellationRequested();
        try
        {
            await look.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!episode.IsCancellationRequested)
        {
            return TimeSpan.Zero; // A hint came, and its wait is over, while the gateway was silent: ask afresh, with short intervals.
        }
        catch (BtmmException e)
        {
            TimeSpan delay = Fail(e);
            return _lookAgain ? HintSpacingLeft() : delay;
        }

        _failures = 0;
        _failingSince = null;
        if (_lookAgain) return HintSpacingLeft();
        TimeSpan pause = _followUp < s_followUps.Length ? s_followUps[_followUp++] : _options.PollInterval;
        TimeSpan untilRenewal = _renewAt - Now();
        return untilRenewal < pause ? untilRenewal : pause;
    }

    private async Task RefreshAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        ExchangeEffort effort = _answered ? ExchangeEffort.Brisk : ExchangeEffort.Thorough;
        _address = await mapper.QueryAsync(effort, cancellationToken).ConfigureAwait(false);
        _answered = true;
        if (_address.Kind is { } kind && ExternalAddress.IsBehindAnotherNat(kind)) throw BehindAnotherNat(_address);
        bool lost = mapper.StateLossCount != _lossesAtMapping;
        if (_mapping is null || _inDoubt || lost || Now() >= _renewAt)
            await MapAsync(mapper, cancellationToken).ConfigureAwait(false);
        if (lost) _owner.TellGatewayRestart();
        Tell(Available());
    }

    /// <summary>
    /// Makes or renews the mapping. A renewal is the same request with the granted port suggested (RFC 6886 §3.3), so that a
    /// gateway that forgot it grants it again.
    /// </summary>
    private async Task MapAsync(IPortMapper mapper, CancellationToken cancellationToken)
    {
        int suggested = _owner.RememberedPort(_route.Gateway) ?? _options.PreferredExternalPort ?? _options.InternalPort;
        PortMappingRequest request = new(_options.Protocol, _options.InternalPort, suggested, _options.Lifetime);

        // The first answer may take its time: miniupnpd tries every port before it says that none is allowed.
        ExchangeEffort effort = _mapping is null ? ExchangeEffort.Thorough : ExchangeEffort.Brisk;
        TimeSpan askedAt = Now();
        _mapping = await mapper.MapAsync(request, effort, cancellationToken).ConfigureAwait(false);
        _owner.RememberPort(_route.Gateway, _mapping.ExternalPort);
        _lossesAtMapping = mapper.StateLossCount;
        _inDoubt = false;

        // A gateway should not grant more than was asked for; one that does is not relied upon.
        TimeSpan lifetime = _mapping.Lifetime < _options.Lifetime ? _mapping.Lifetime : _options.Lifetime;
        TimeSpan half = lifetime / 2;
        _expiresAt = askedAt + lifetime;
        _renewAt = askedAt + (half > s_shortestRenewal ? half : s_shortestRenewal);
    }

    /// <summary>Takes note of a failure. Returns how long to wait for the next look.</summary>
    private TimeSpan Fail(BtmmException failure)
    {
        TimeSpan now = Now();
        bool held = _mapping is not null && now < _expiresAt;
        _failures++;
        _failingSince ??= now;
        TimeSpan limit = failure.Reason == BtmmErrorReason.Timeout ? _expiresAt - _failingSince.Value : RetryPolicy.Grace;
        bool patient = held && RetryPolicy.MayPass(failure.Reason) && now - _failingSince < limit;
        if (!patient)
        {
            Tell(MappingKeeper.Unavailable(_route, failure.Reason, failure.Message, failure.Remedy) with
            {
                ExternalAddress = _address?.ExternalAddress,
            });
            _inDoubt = true;
        }

        return RetryPolicy.Delay(failure.Reason, _failures, worked: _mapping is not null);
    }

    private async Task EarlyNoticeAsync(CancellationToken attempt)
    {
        if (_told) return;
        TimeSpan wait = IsCurrent(_owner.Current) ? s_lateNotice : s_earlyNotice;
        await Task.Delay(wait, _time, attempt).ConfigureAwait(false);
        string message = $"The gateway {_route.Gateway} has not {(_answered ? "mapped the port" : "answered")} yet.";
        lock (_tellGate)
        {
            if (_told) return;
            _owner.Publish(MappingKeeper.Unavailable(
                _route,
                BtmmErrorReason.Timeout,
                message,
                "Wait; if it stays silent, turn on NAT-PMP in the router's settings."));
        }
    }

    /// <summary>Whether a state was made on this network, as far as addresses tell.</summary>
    private bool IsCurrent(EndpointState state) =>
        _route.Gateway.Equals(state.Gateway) && _route.LocalAddress.Equals(state.LocalAddress);

    private async Task<bool> ReleaseAsync(IPortMapper mapper)
    {
        if (_mapping is null || Now() >= _expiresAt) return true;
        using CancellationTokenSource limit = new(s_releaseLimit, _time);
        try
        {
            await mapper.DeleteAsync(_mapping, ExchangeEffort.Brief, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is BtmmException or OperationCanceledException)
        {
            return false; // It ends with its lifetime (RFC 6886 §3.1: deletion is advisory).
        }
    }

    private EndpointState Available() => new()
    {
        Phase = EndpointPhase.Available,
        Candidates =
        [
            new EndpointCandidate(
                EndpointCandidateKind.Mapped, Address(), _mapping?.ExternalPort ?? 0, _time.GetUtcNow() + (_expiresAt - Now())),
        ],
        Message = $"The gateway {_route.Gateway} forwards {Address()}:{_mapping?.ExternalPort}.",
        Gateway = _route.Gateway,
        LocalAddress = _route.LocalAddress,
        ExternalAddress = Address(),
    };

    private IPAddress Address() => _address?.ExternalAddress ?? IPAddress.None;

    private BtmmException BehindAnotherNat(GatewayAnswer address) => new(
        BtmmErrorReason.DoubleNat,
        $"The gateway {_route.Gateway} is itself behind another NAT: it calls {address.ExternalAddress} its external address.",
        address.Kind switch
        {
            ExternalAddressKind.CarrierShared => "Ask the internet provider for a public address.",
            ExternalAddressKind.Private => "Put the inner router into bridge mode, or connect this host to the outer one.",
            _ => "Check the router's internet connection; if it works, the router is behind another NAT.",
        })
    {
        Endpoint = new IPEndPoint(_route.Gateway, NatPmpConstants.GatewayPort),
    };
}
