using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Keeping;

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
/// <para>An external address that is not public means a second NAT; then nothing is mapped and no endpoint offered, unless the user
/// says how others come through (<see cref="MappingKeeperOptions.Stated"/>).</para>
/// </remarks>
public sealed class MappingKeeper : IAsyncDisposable, IKeeperOwner
{
    private const int QueueLength = 16;
    private const int RememberedGateways = 16;

    private readonly MappingKeeperOptions _options;
    private readonly IGatewayFinder _gateways;
    private readonly TimeProvider _time;
    private readonly KeeperParts _parts;
    private readonly RouteFollower _follower;
    private readonly PinholeKeeper? _pinholeKeeper;
    private readonly StatedEndpointKeeper? _statedKeeper;
    private readonly Dictionary<IPAddress, int> _grantedPorts = [];
    private readonly Lock _gate = new();
    private readonly Channel<bool> _checks = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Channel<EndpointState> _changes = Channel.CreateBounded<EndpointState>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<bool> _restarts = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private EndpointState _mapped;
    private IReadOnlyList<EndpointCandidate> _pinholes = [];
    private volatile EndpointState _current;

    /// <summary>Makes a keeper; it does nothing before <see cref="Start"/>.</summary>
    /// <param name="options">What to keep alive.</param>
    /// <param name="gateways">Where the default gateway is looked up.</param>
    /// <param name="mappers">How gateways are talked to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For the wait after an announced reboot.</param>
    /// <param name="memory">
    /// Where the mappers record what they map, so that at the stop everything is released that may exist; null when they do not.
    /// </param>
    /// <param name="addresses">Who finds out what <see cref="MappingKeeperOptions.Stated"/> leaves out; null for nobody.</param>
    public MappingKeeper(
        MappingKeeperOptions options,
        IGatewayFinder gateways,
        IPortMapperFactory mappers,
        TimeProvider time,
        IRandomSource random,
        IMappingMemory? memory = null,
        IExternalAddressFinder? addresses = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(gateways);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InternalPort, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.InternalPort, IPEndPoint.MaxPort);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _gateways = gateways;
        _time = time;
        _parts = new KeeperParts(options, gateways, mappers, memory, time, random, _checks.Reader);
        _follower = new RouteFollower(gateways.FindDefault, LiveOnAsync, Fault, time);
        _pinholeKeeper = options.Pinholes ? new PinholeKeeper(gateways, _parts, PublishPinholes) : null;
        _statedKeeper = options.Stated is { } stated ? new StatedEndpointKeeper(stated, _parts, gateways, addresses, Remerge) : null;
        _current = _mapped = new EndpointState
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

    /// <inheritdoc/>
    EndpointState IKeeperOwner.Current => _current;

    /// <summary>Begins.</summary>
    public void Start()
    {
        _follower.Start();
        _pinholeKeeper?.Start();
        _statedKeeper?.Start();
    }

    /// <summary>The network changed, or the machine slept: looks for the gateway and maps anew, at once.</summary>
    public void NotifyNetworkChanged()
    {
        _follower.Restart();
        _pinholeKeeper?.Restart();
        _statedKeeper?.Restart();
    }

    /// <summary>
    /// The data path suspects that others no longer reach this host: asks for the external address and renews the mapping, at once.
    /// </summary>
    public void CheckNow()
    {
        _checks.Writer.TryWrite(true);
        _pinholeKeeper?.CheckNow();
        _statedKeeper?.CheckNow();
    }

    /// <summary>
    /// Stops, and asks the gateway to drop the mapping, for at most two seconds. Returns whether the gateway confirmed it, or
    /// there was nothing to drop.
    /// </summary>
    public async Task<bool> StopAsync()
    {
        Task<bool> pinholes = _pinholeKeeper?.StopAsync() ?? Task.FromResult(true);
        bool released = await _follower.StopAsync().ConfigureAwait(false);
        released &= await pinholes.ConfigureAwait(false);
        if (_statedKeeper is not null) await _statedKeeper.StopAsync().ConfigureAwait(false);
        lock (_gate) _pinholes = [];
        Publish(new EndpointState { Phase = EndpointPhase.Searching, Message = "Stopped." });
        _changes.Writer.TryComplete();
        _restarts.Writer.TryComplete();
        return released;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <inheritdoc/>
    bool IKeeperOwner.IsCurrent(GatewayRoute route) => _gateways.FindDefault() == route;

    /// <inheritdoc/>
    void IKeeperOwner.Publish(EndpointState state) => Publish(state);

    /// <inheritdoc/>
    void IKeeperOwner.TellGatewayRestart() => _restarts.Writer.TryWrite(true);

    /// <inheritdoc/>
    int? IKeeperOwner.RememberedPort(IPAddress gateway) => _grantedPorts.TryGetValue(gateway, out int port) ? port : null;

    /// <inheritdoc/>
    void IKeeperOwner.RememberPort(IPAddress gateway, int port)
    {
        if (_grantedPorts.Count >= RememberedGateways && !_grantedPorts.ContainsKey(gateway)) _grantedPorts.Clear();
        _grantedPorts[gateway] = port;
    }

    internal static EndpointState Unavailable(GatewayRoute? route, BtmmErrorReason reason, string message, string remedy) => new()
    {
        Phase = EndpointPhase.Unavailable,
        Reason = reason,
        Message = message,
        Remedy = remedy,
        Gateway = route?.Gateway,
        LocalAddress = route?.LocalAddress,
    };

    /// <summary>The state after something that should not fail did: the routing table or the memory as a rule, else the program itself.</summary>
    internal static EndpointState Broken(string what, Exception failure)
    {
        PortMappingLog.Instance.KeeperFailed(what, failure.ToString());
        return failure is BtmmException known
            ? Unavailable(null, known.Reason, known.Message, known.Remedy)
            : Unavailable(null, BtmmErrorReason.InternalError, $"{what} failed: {failure.Message}", "It is tried again; please report this.");
    }

    /// <summary>Publishes a state of the IPv4 endpoint, unless the last one told the same.</summary>
    private void Publish(EndpointState state)
    {
        lock (_gate)
        {
            _mapped = state;
            Merge();
        }
    }

    private void PublishPinholes(IReadOnlyList<EndpointCandidate> pinholes)
    {
        lock (_gate)
        {
            _pinholes = pinholes;
            Merge();
        }
    }

    private void Remerge()
    {
        lock (_gate) Merge();
    }

    private void Merge()
    {
        EndpointState state = _statedKeeper?.Complete(_mapped) ?? _mapped;
        EndpointState merged = state with { Candidates = [.. state.Candidates, .. _pinholes] };
        bool same = merged.IsSameAs(_current);
        _current = merged with { Since = same ? _current.Since : _time.GetUtcNow() };
        if (!same) _changes.Writer.TryWrite(_current);
    }

    private void Fault(Exception failure) => Publish(Broken("Port mapping", failure));

    /// <summary>Lives on one network until it changes. Returns whether the mapping, if any, was released.</summary>
    private async Task<bool> LiveOnAsync(GatewayRoute? route, RouteFollower follower, CancellationToken episode)
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
            var keeper = new GatewayKeeper(this, route, EndpointCandidateKind.Mapped, _parts);
            return await keeper.RunAsync(episode, follower.Shutdown).ConfigureAwait(false);
        }

        await follower.WhileOnAsync(route, episode).ConfigureAwait(false);
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
}
