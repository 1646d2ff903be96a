using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>
/// Completes an endpoint that the user stated: with the address at which this host's packets arrive outside, which is asked for at
/// the start, every poll interval and when something hints at a change, and with the port that the nearest gateway maps. Thread-safe.
/// </summary>
internal sealed class StatedEndpointKeeper
{
    /// <summary>Hints make no more than one question in this time.</summary>
    private static readonly TimeSpan s_hintSpacing = TimeSpan.FromSeconds(2);

    private readonly StatedEndpoint _stated;
    private readonly MappingKeeperOptions _options;
    private readonly IExternalAddressFinder? _finder;
    private readonly TimeProvider _time;
    private readonly Action _changed;
    private readonly RouteFollower _follower;
    private readonly Channel<bool> _checks = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile Outside _outside = Outside.None;

    /// <param name="stated">What the user stated.</param>
    /// <param name="parts">The keeper's options and clock.</param>
    /// <param name="gateways">Tells of other networks.</param>
    /// <param name="finder">Asks outside; null when nobody can be asked.</param>
    /// <param name="changed">Is called when <see cref="Complete"/> may give something else.</param>
    internal StatedEndpointKeeper(
        StatedEndpoint stated, KeeperParts parts, IGatewayFinder gateways, IExternalAddressFinder? finder, Action changed)
    {
        _stated = stated;
        _options = parts.Options;
        _finder = finder;
        _time = parts.Time;
        _changed = changed;
        _follower = new RouteFollower(gateways.FindDefault, LiveOnAsync, Fault, parts.Time);
    }

    internal void Start() => _follower.Start();

    internal void Restart() => _follower.Restart();

    internal void CheckNow() => _checks.Writer.TryWrite(true);

    /// <summary>Ends; from then on nothing is completed any more.</summary>
    internal async Task StopAsync()
    {
        await _follower.StopAsync().ConfigureAwait(false);
        _outside = Outside.None;
    }

    /// <summary>What others are told: the stated endpoint, as far as it is known, in front of what the gateway gives.</summary>
    internal EndpointState Complete(EndpointState mapped)
    {
        Outside outside = _outside;
        if (mapped.Reason == BtmmErrorReason.NoGateway || outside.Route is not { } route) return mapped;
        EndpointCandidate[] reachable = [.. mapped.Candidates.Where(candidate => IsOutside(candidate.Address))];
        bool asFound = _stated == StatedEndpoint.Auto && reachable.Length > 0;
        bool isPortOpen = _stated.Port is null && mapped.Phase == EndpointPhase.Searching;
        if (asFound || isPortOpen) return mapped with { Candidates = reachable };
        if ((_stated.Address ?? PublicAddress(mapped) ?? outside.Address) is not { } address) return Unknown(mapped, outside);
        int port = _stated.Port ?? mapped.Endpoint?.Port ?? _options.InternalPort;
        var stated = new EndpointCandidate(EndpointCandidateKind.Stated, address, port, null);
        return mapped with
        {
            Phase = EndpointPhase.Available,
            Candidates = [stated, .. reachable],
            Reason = null,
            Message = $"Others reach this host at {new IPEndPoint(address, port)}, as was stated.",
            Remedy = "",
            Gateway = route.Gateway,
            LocalAddress = route.LocalAddress,
            ExternalAddress = address,
        };
    }

    private static bool IsOutside(IPAddress address) =>
        address.AddressFamily != AddressFamily.InterNetwork || ExternalAddress.IsPublic(address);

    private static IPAddress? PublicAddress(EndpointState mapped) =>
        mapped.ExternalAddress is { } told && ExternalAddress.IsPublic(told) ? told : null;

    private static EndpointState Unknown(EndpointState mapped, Outside outside) => mapped with
    {
        Phase = outside.WasAsked ? EndpointPhase.Unavailable : EndpointPhase.Searching,
        Candidates = [],
        Reason = outside.WasAsked ? BtmmErrorReason.Unreachable : null,
        Message = outside.WasAsked
            ? "The address at which others reach this host is not known: no STUN server answered."
            : "Asking at which address others reach this host.",
        Remedy = outside.WasAsked ? "State the address too, as ADDRESS:PORT, or name a STUN server with --stun-server." : "",
    };

    private async Task<bool> LiveOnAsync(GatewayRoute? route, RouteFollower follower, CancellationToken episode)
    {
        Learn(Outside.None with { Route = route });
        if (route is null || _stated.Address is not null)
        {
            await follower.WhileOnAsync(route, episode).ConfigureAwait(false);
            return true;
        }

        try
        {
            while (follower.IsOn(route)) await AskAsync(route, episode).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (follower.Shutdown.IsCancellationRequested)
        {
            // The end, with nothing to release.
        }

        return true;
    }

    private async Task AskAsync(GatewayRoute route, CancellationToken episode)
    {
        IPAddress? address = _finder is null ? null : await _finder.FindAsync(route.LocalAddress, episode).ConfigureAwait(false);
        Learn(new Outside(route, address ?? _outside.Address, true)); // Silence tells nothing new.
        await PauseAsync(episode).ConfigureAwait(false);
    }

    private void Fault(Exception failure)
    {
        PortMappingLog.Instance.KeeperFailed("Asking for the address outside", failure.ToString());
        Learn(_outside with { WasAsked = true });
    }

    private void Learn(Outside outside)
    {
        bool isNews = outside != _outside;
        _outside = outside;
        if (isNews) _changed();
    }

    private async Task PauseAsync(CancellationToken episode)
    {
        await Task.Delay(s_hintSpacing, _time, episode).ConfigureAwait(false);
        TimeSpan left = _options.PollInterval - s_hintSpacing;
        using CancellationTokenSource timer = new(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(episode, timer.Token);
        try
        {
            await _checks.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!episode.IsCancellationRequested)
        {
            // The time has come.
        }
    }

    /// <summary>The network, the address by which it is known outside, and whether anybody was asked for that.</summary>
    private sealed record Outside(GatewayRoute? Route, IPAddress? Address, bool WasAsked)
    {
        internal static Outside None { get; } = new(null, null, false);
    }
}
