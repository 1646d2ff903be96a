using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Keeps one port of this host reachable from the internet, whatever happens to the network, and tells at which address and
/// port: the host's own when that is public, else one mapped on the default gateway. Thread-safe.
/// </summary>
/// <remarks>
/// <para>On a new network it starts afresh at once. A mapping is renewed at half its lifetime. A gateway that restarts is
/// noticed by its announcement, by the next address query (<see cref="MappingKeeperOptions.PollInterval"/>), or when the data
/// path calls <see cref="CheckNow"/>. Only after an announcement, which every host of the network hears at the same moment, does
/// the keeper wait a random 0..5 s before it maps again (RFC 6886 §3.7): its own queries and the data path's suspicions come at
/// moments of their own, and a wait there would only lengthen the interruption.</para>
/// <para>An external address that is not public means a second NAT; then nothing is mapped and no endpoint offered.</para>
/// </remarks>
public sealed class MappingKeeper : IAsyncDisposable
{
    private const int QueueLength = 16;
    private const int RememberedGateways = 16;

    /// <summary>How often the routing table is looked at while there is no gateway to talk to.</summary>
    private static readonly TimeSpan s_routePollInterval = TimeSpan.FromSeconds(5);

    /// <summary>The wait after something unexpected went wrong.</summary>
    private static readonly TimeSpan s_faultDelay = TimeSpan.FromSeconds(30);

    private readonly MappingKeeperOptions _options;
    private readonly IGatewayFinder _gateways;
    private readonly IPortMapperFactory _mappers;
    private readonly TimeProvider _time;
    private readonly IRandomSource _random;
    private readonly Dictionary<IPAddress, int> _grantedPorts = [];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<bool> _checks = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Channel<EndpointState> _changes = Channel.CreateBounded<EndpointState>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<bool> _restarts = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private CancellationTokenSource? _episode;
    private Task<bool>? _loop;
    private volatile EndpointState _current;

    /// <summary>Makes a keeper; it does nothing before <see cref="Start"/>.</summary>
    /// <param name="options">What to keep alive.</param>
    /// <param name="gateways">Where the default gateway is looked up.</param>
    /// <param name="mappers">How gateways are talked to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For the wait after an announced reboot.</param>
    public MappingKeeper(
        MappingKeeperOptions options, IGatewayFinder gateways, IPortMapperFactory mappers, TimeProvider time, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InternalPort, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.InternalPort, IPEndPoint.MaxPort);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _gateways = gateways;
        _mappers = mappers;
        _time = time;
        _random = random;
        _current = new EndpointState
        {
            Phase = EndpointPhase.Searching,
            Message = "Looking for the gateway.",
            Since = time.GetUtcNow(),
        };
    }

    /// <summary>The latest state.</summary>
    public EndpointState Current => _current;

    /// <summary>
    /// States that tell something new, oldest dropped when nobody reads. A renewal alone is not new. Completed at the end.
    /// </summary>
    public ChannelReader<EndpointState> Changes => _changes.Reader;

    /// <summary>
    /// Tells that the gateway showed that it lost its state: mappings are being made anew, but flows are gone too, and whoever
    /// has one through it should send something now. Bounded; completed at the end.
    /// </summary>
    public ChannelReader<bool> GatewayRestarts => _restarts.Reader;

    /// <summary>Begins.</summary>
    public void Start()
    {
        lock (_gate) _loop ??= Task.Run(RunAsync);
    }

    /// <summary>The network changed: looks for the gateway and maps anew, at once.</summary>
    public void NotifyNetworkChanged()
    {
        lock (_gate) _ = _episode?.CancelAsync(); // Not inline: what follows is not the caller's work.
    }

    /// <summary>
    /// The data path suspects that others no longer reach this host: asks for the external address and renews the mapping, at once.
    /// </summary>
    public void CheckNow() => _checks.Writer.TryWrite(true);

    /// <summary>
    /// Stops, and asks the gateway to drop the mapping, for at most two seconds. Returns whether the gateway confirmed it, or
    /// there was nothing to drop.
    /// </summary>
    public async Task<bool> StopAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        Task<bool> loop;
        lock (_gate) loop = _loop ??= Task.FromResult(true);
        bool released = await loop.ConfigureAwait(false);
        Publish(new EndpointState { Phase = EndpointPhase.Searching, Message = "Stopped." });
        _changes.Writer.TryComplete();
        _restarts.Writer.TryComplete();
        return released;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>Publishes a state, unless the last one told the same.</summary>
    internal void Publish(EndpointState state)
    {
        lock (_gate)
        {
            bool same = state.IsSameAs(_current);
            _current = state with { Since = same ? _current.Since : _time.GetUtcNow() };
            if (!same) _changes.Writer.TryWrite(_current);
        }
    }

    internal void TellGatewayRestart() => _restarts.Writer.TryWrite(true);

    /// <summary>The external port that a gateway granted last, to suggest it again; null when there was none.</summary>
    internal int? RememberedPort(IPAddress gateway) => _grantedPorts.TryGetValue(gateway, out int port) ? port : null;

    internal void RememberPort(IPAddress gateway, int port)
    {
        if (_grantedPorts.Count >= RememberedGateways && !_grantedPorts.ContainsKey(gateway)) _grantedPorts.Clear();
        _grantedPorts[gateway] = port;
    }

    private async Task<bool> RunAsync()
    {
        bool released = true;
        while (!_shutdown.IsCancellationRequested)
        {
            using CancellationTokenSource episode = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token);
            lock (_gate) _episode = episode;
            try
            {
                released = await LiveOnAsync(_gateways.FindDefault(), episode.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (episode.IsCancellationRequested)
            {
                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Publish(Unavailable(null, BtmmErrorReason.Unreachable, $"Port mapping failed: {e.Message}", "Please report this."));
                await Task.Delay(s_faultDelay, _time, episode.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                lock (_gate) _episode = null;
            }
        }

        return released;
    }

    /// <summary>Lives on one network until it changes. Returns whether the mapping, if any, was released.</summary>
    private async Task<bool> LiveOnAsync(GatewayRoute? route, CancellationToken episode)
    {
        if (route is null)
        {
            Publish(Unavailable(
                null, BtmmErrorReason.NoGateway, "There is no default gateway.", "Connect this host to a network."));
        }
        else if (ExternalAddress.IsPublic(route.LocalAddress))
        {
            Publish(Direct(route));
        }
        else
        {
            GatewayKeeper keeper = new(this, route, _options, _mappers, _gateways, _time, _random, _checks.Reader);
            return await keeper.RunAsync(episode, _shutdown.Token).ConfigureAwait(false);
        }

        while (_gateways.FindDefault() == route) await Task.Delay(s_routePollInterval, _time, episode).ConfigureAwait(false);
        return true;
    }

    private EndpointState Direct(GatewayRoute route) => new()
    {
        Phase = EndpointPhase.Available,
        Candidates = [new EndpointCandidate(EndpointCandidateKind.DirectPublic, route.LocalAddress, _options.InternalPort, null)],
        Message = $"This host's address {route.LocalAddress} is public.",
        Gateway = route.Gateway,
        LocalAddress = route.LocalAddress,
        ExternalAddress = route.LocalAddress,
    };

    internal static EndpointState Unavailable(GatewayRoute? route, BtmmErrorReason reason, string message, string remedy) => new()
    {
        Phase = EndpointPhase.Unavailable,
        Reason = reason,
        Message = message,
        Remedy = remedy,
        Gateway = route?.Gateway,
        LocalAddress = route?.LocalAddress,
    };
}
