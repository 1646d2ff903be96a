using System.Net;
using System.Text;
using Btmm.Core.Administration;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Server.Administration;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Policy;
using Btmm.Server.Push;
using Btmm.Server.Requests;
using Btmm.Server.Storage;
using Btmm.Server.Stun;
using Btmm.Server.Transfers;
using Btmm.Server.Transport;
using Btmm.Server.Transport.Tls;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <summary>
/// The zone service: an authoritative DNS server for accounts' domains, with signed queries and updates (RFC 2136, RFC 8945),
/// leases (RFC 9664) and long-lived queries (RFC 8764). Started once and stopped once; members are thread-safe.
/// </summary>
public sealed partial class ZoneService : IAsyncDisposable
{
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(5);

    private readonly ZoneServiceOptions _options;
    private readonly ServiceClock _clock;
    private readonly ServerMetrics _metrics = new();
    private readonly DeadlineLoop _reaper;
    private readonly DeadlineLoop _catalogChanges;
    private readonly ZoneNotifier _notifier;
    private readonly NameServerTargets _targets;
    private readonly DeadlineLoop _notifications;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _closing = new(); // of the writer, after the listeners
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private readonly IZoneStore _store;
    private readonly ZoneWriter _writer;
    private readonly ZoneDirectory _zones = new([]);
    private readonly ServiceKeyRing _keys;
    private readonly CatalogSeal _seal;
    private readonly ZoneRegistry _registry;
    private DateTimeOffset _startedAt;
    private Listeners? _listeners;
    private Task[] _tasks = [];
    private Task _writing = Task.CompletedTask;
    private TimeSpan _reaperPause;

    /// <summary>Makes a service; nothing is opened before <see cref="StartAsync"/>.</summary>
    /// <exception cref="BtmmException">InvalidValue: no endpoint or zone, a zone twice, or two keys of one name.</exception>
    public ZoneService(ZoneServiceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        _options = options;
        _clock = new ServiceClock(options.TimeProvider);
        _keys = new ServiceKeyRing(_clock);
        _store = options.Store ?? new MemoryZoneStore();
        _writer = new ZoneWriter(_store, _clock, _metrics);
        _llq = new LlqTable(options.LongLivedQueryLease, options.Limits, _clock, options.Random, _metrics);
        _sender = new LlqSender(_llq, _clock);
        _events = new DeadlineLoop(_clock, () => _llq.NextTimeout, SendEventsAsync);
        _reaper = new DeadlineLoop(_clock, NextExpiry, ExpireAsync);
        _clockWatch = new ClockWatch(_clock);
        _clockChecks = new DeadlineLoop(_clock, () => _nextClockCheck, CheckClockAsync);
        _push = new PushTable(_zones, _keys, options.Limits, _clock, _metrics, () => _telling?.Signal());
        _telling = new DeadlineLoop(_clock, () => _push.NextTimeout, TellAsync);
        _catalogChanges = new DeadlineLoop(_clock, () => _catalogRetry, ReloadCatalogAsync);
        _seal = options.Seal ?? CatalogSeal.Ephemeral();
        var catalog = new CatalogAccess(_store as IZoneCatalog ?? new MemoryZoneStore(), _seal);
        _registry = new ZoneRegistry(options.Zones, catalog, _zones, _keys, LoadAsync, PublishAsync);
        _registry.Changed = () =>
        {
            ReviewSubscriptions();
            ReviewQueries();
        };
        Administration = new ZoneAdministrator(this, _registry, _zones, _keys);
        _notifier = new ZoneNotifier(_clock, options.Random, _keys, _metrics);
        _targets = new NameServerTargets(_clock, Dns.GetHostAddressesAsync);
        ObserveSizes();
        _notifications = new DeadlineLoop(_clock, () => _notifier.NextTimeout, NotifyAsync);
    }

    /// <summary>What an operator can do with the service while it runs.</summary>
    public IZoneAdministration Administration { get; }

    /// <summary>Where queries and updates are answered, with the ports in use; empty unless running.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints => _listeners is { } open ? [.. open.Streams.Select(static item => item.EndPoint)] : [];

    /// <summary>Further endpoints for long-lived queries, with the ports in use; empty unless running.</summary>
    public IReadOnlyList<IPEndPoint> LongLivedQueryEndpoints =>
        _listeners is { } open ? [.. open.Datagrams.Skip(open.Streams.Count).Select(static item => item.EndPoint)] : [];

    /// <summary>Where TLS is spoken, with the ports in use; empty unless running.</summary>
    public IReadOnlyList<IPEndPoint> TlsEndpoints => _listeners is { } open ? [.. open.Tls.Select(static item => item.EndPoint)] : [];

    /// <summary>The endpoints for STUN alone, with the ports in use; empty unless running.</summary>
    public IReadOnlyList<IPEndPoint> StunEndpoints => _listeners?.Stun?.Endpoints ?? [];

    /// <summary>
    /// Ends when the service has stopped: after <see cref="StopAsync"/>, or with the exception when a part of it failed.
    /// Known after <see cref="StartAsync"/>.
    /// </summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Loads the zones, opens the sockets, publishes the service's own records and begins to answer.</summary>
    /// <exception cref="BtmmException">
    /// ResourceBusy, PermissionDenied or InvalidValue for an endpoint; StoreInvalid or StoreFailed when the store cannot be read
    /// or written.
    /// </exception>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (_listeners is not null)
                throw new InvalidOperationException("The zone service was started before.");
            await _registry.LoadAsync(cancellationToken).ConfigureAwait(false);
            _store.Noticed += OnStoreNotice;
            foreach (Zone zone in _zones.All)
                zone.CatchUp(); // what came between its loading and the notices
            _listeners = OpenListeners();
            try
            {
                _writing = Task.Run(() => _writer.RunAsync(_closing.Token), CancellationToken.None);
                foreach (Zone zone in _zones.All)
                    await PublishAsync(zone, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                _listeners.Dispose();
                _listeners = null;
                if (error is IOException failure)
                    throw RegistryErrors.Unwritten(failure);
                throw;
            }

            _startedAt = _clock.UtcNow;
            Run(_listeners);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>
    /// Takes no more requests, answers those under way, as long as <see cref="ZoneServiceLimits.DrainTimeout"/> allows, and closes
    /// the sockets; at most five seconds. Safe to call more than once.
    /// </summary>
    public async Task StopAsync()
    {
        await _lifecycle.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_stopping.IsCancellationRequested)
                await SayGoodbyeAsync().ConfigureAwait(false);
            if (!_stopping.IsCancellationRequested)
                await _stopping.CancelAsync().ConfigureAwait(false);
            _store.Noticed -= OnStoreNotice;
            if (_tasks.Length == 0)
                await _closing.CancelAsync().ConfigureAwait(false); // it did not come to run
            await Task.WhenAll([.. _tasks, _writing, _sender.CompleteAsync()]).WaitAsync(s_stopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listeners?.Dispose();
            _listeners = null;
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>Whether the store takes changes.</summary>
    public ZoneStoreStatus Store => _writer.Status;

    /// <summary>The service at this moment.</summary>
    public ZoneServiceStatus GetStatus()
    {
        ZoneStatus[] zones =
        [
            .. _zones.All.Select(static zone => (zone.Apex, zone.Current)).Select(static item => new ZoneStatus(
                item.Apex,
                item.Current.Serial,
                item.Current.RecordCount,
                item.Current.Figures.Leased)),
        ];
        Listeners? open = _listeners;
        int connections = open?.ConnectionCount ?? 0;
        return new ZoneServiceStatus(open is not null, Endpoints, LongLivedQueryEndpoints, zones, _llq.Count, connections, _metrics.Snapshot(), _writer.Status)
        {
            StartedAt = _startedAt,
            Latency = _metrics.Latency.Read(),
            PushSubscriptions = _push.Count,
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _metrics.Dispose();
        _registry.Dispose();
        if (_options.Seal is null)
            _seal.Dispose();
    }

    private static void Check(ZoneServiceOptions options)
    {
        bool noCertificate = options.TlsEndpoints.Count > 0 && options.Certificate is null && !options.Zones.Any(static zone => zone.Authority is { CanIssue: true });
        string? problem = options.Endpoints.Count == 0 ? "A zone service needs an endpoint."
            : options.Zones.Count == 0 && options.Store is not IZoneCatalog ? "A zone service needs a zone, or a store that can hold some."
            : options.ServerLabel is { } label && !ZoneRules.IsUsableLabel(label) ? "The server's label cannot be used."
            : options.CookieSecrets.Any(static secret => secret.Length != DnsServerCookie.SecretSize) ? "A secret for cookies has 16 bytes."
            : options.ServerId is { } id && Encoding.UTF8.GetByteCount(id) > QueryGuard.MaxServerId ? "A server's id has at most 64 bytes."
            : noCertificate ? "TLS needs a certificate from a file, or a zone whose account has its authority's private key."
            : null;
        if (problem is not null)
            throw new BtmmException(BtmmErrorReason.InvalidValue, problem, "Correct the service's options.");
        ZoneRules.Check(options.Zones);
    }

    private Listeners OpenListeners()
    {
        var guard = new QueryGuard(_options, _clock, _metrics);
        var requests = new RequestHandler(
            new QueryHandler(_zones, _metrics),
            new UpdateHandler(_zones, _keys, _clock, _metrics, _options.RecordLease, _options.KeyLease),
            new LlqHandler(_zones, _llq, _clock, EventSocket, _events.Signal),
            new TransferHandler(_zones, _clock, _metrics, _options.Limits.MaxTransfers),
            _notifier,
            guard,
            _keys,
            _clock,
            _metrics);
        var streams = new StreamHandler(requests, _push, _keys, _clock, _metrics);
        return Listeners.Open(_options, requests, new StreamContext(streams, _options.Limits, _clock, _metrics), MakeGate(), MakeStun);

        StunServer? MakeStun(IDatagramServerFactory datagrams) =>
            _options.StunEndpoints.Count == 0 ? null : new StunServer(_options.StunEndpoints, datagrams, guard, _metrics);
    }

    private TlsGate? MakeGate() => _options.TlsEndpoints.Count == 0
        ? null
        : new TlsGate(new TlsCertificates(_options.Certificate, _zones, PublicAddresses(), _clock), _options.Limits, _clock, _metrics);

    private IReadOnlyList<IPAddress> PublicAddresses() => _options.PublicAddresses.Count > 0
        ? _options.PublicAddresses
        : [.. _options.Endpoints.Select(static item => item.Address).Where(static address => !IsWildcard(address)).Distinct()];

    private void ObserveSizes()
    {
        _metrics.Observe("zones", () => _zones.All.Count);
        _metrics.Observe("records", () => _zones.All.Sum(static zone => (long)zone.Current.RecordCount));
        _metrics.Observe("connections", () => GetStatus().Connections);
        _metrics.Observe("long_lived_queries", () => _llq.Count);
        _metrics.Observe("push_subscriptions", () => GetStatus().PushSubscriptions);
        _metrics.Observe("store_failing", () => _writer.Status.IsFailing ? 1 : 0);
    }

    /// <summary>Where the records are kept, for people.</summary>
    internal string StoreDescription => _store.ToString() ?? "";

    /// <summary>What was counted, by the counters' names.</summary>
    internal IReadOnlyDictionary<string, long> Counters() => _metrics.ByName();

    /// <summary>Zones can be changed only while there is somebody to write them.</summary>
    internal void ThrowIfNotRunning()
    {
        if (_listeners is null || _stopping.IsCancellationRequested)
            throw new BtmmException(BtmmErrorReason.Unreachable, "The zone service is not running.", "Start it.");
    }

    private async Task<Zone> LoadAsync(ZoneOptions options, CancellationToken cancellationToken)
    {
        ZoneImage image = await _store.LoadAsync(options.Apex, cancellationToken).ConfigureAwait(false);
        DateTimeOffset wall = _clock.UtcNow;
        image = image with { Records = [.. image.Records.Select(item => Bound(item, wall))] };
        return new Zone(options with { ServerLabel = _options.ServerLabel ?? options.ServerLabel }, image, _writer, _clock, OnChanged);
    }

    // The first transaction of a zone also takes out what expired while the service was down.
    private async Task PublishAsync(Zone zone, CancellationToken cancellationToken)
    {
        Listeners listeners = _listeners ?? throw new InvalidOperationException("The sockets are not open.");
        int port = listeners.Streams[0].EndPoint.Port;
        int llqPort = listeners.Datagrams.Count > listeners.Streams.Count ? listeners.Datagrams[listeners.Streams.Count].EndPoint.Port : port;
        var ports = new ServicePorts(port, llqPort, listeners.Tls.Count > 0 ? listeners.Tls[0].EndPoint.Port : null);
        await zone.ApplyAsync((snapshot, _) => ZoneContent.Publish(snapshot, zone.Discovery, PublicAddresses(), ports, _store.IsShared), cancellationToken).ConfigureAwait(false);
    }

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
