using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Policy;
using Btmm.Server.Zones;

namespace Btmm.Server.Administration;

/// <summary>The operator's view of one service. Thread-safe.</summary>
internal sealed class ZoneAdministrator(ZoneService service, ZoneRegistry registry, ZoneDirectory directory, ServiceKeyRing ring) : IZoneAdministration
{
    public Task<ZoneServerInfo> GetServerAsync(CancellationToken cancellationToken)
    {
        ZoneServiceStatus status = service.GetStatus();
        return Task.FromResult(new ZoneServerInfo
        {
            Version = typeof(ZoneService).Assembly.GetName().Version?.ToString(3) ?? "",
            ProcessId = Environment.ProcessId,
            StartedAt = status.StartedAt,
            Endpoints = [.. status.Endpoints.Select(static item => item.ToString())],
            LongLivedQueryEndpoints = [.. status.LongLivedQueryEndpoints.Select(static item => item.ToString())],
            TlsEndpoints = [.. service.TlsEndpoints.Select(static item => item.ToString())],
            Store = service.StoreDescription,
            StoreFailure = status.Store.Failure,
            StoreFailingSince = status.Store.FailingSince,
            Zones = directory.All.Count,
            Records = directory.All.Sum(static zone => zone.Current.RecordCount),
            Keys = Keys().Count(),
            Connections = status.Connections,
            LongLivedQueries = status.LongLivedQueries,
            PushSubscriptions = status.PushSubscriptions,
            Counters = service.Counters(),
            Latency = status.Latency
                .SelectMany(static item => LatencyMetrics.Named(item.Value).Select(one => ($"{item.Key}.{one.Name}", one.Value.TotalMilliseconds)))
                .ToDictionary(static item => item.Item1, static item => item.TotalMilliseconds),
        });
    }

    public Task<IReadOnlyList<ZoneInfo>> GetZonesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ZoneInfo>>([.. directory.All.OrderBy(static zone => zone.Apex).Select(Describe)]);

    public async Task<ZoneInfo> PutZoneAsync(ZoneSettings settings, bool replace, CancellationToken cancellationToken)
    {
        service.ThrowIfNotRunning();
        await registry.PutZoneAsync(settings, replace, cancellationToken).ConfigureAwait(false);
        return directory.FindApex(settings.Apex) is { } zone ? Describe(zone) : throw RegistryErrors.NoZone(settings.Apex);
    }

    public Task RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken)
    {
        service.ThrowIfNotRunning();
        return registry.RemoveZoneAsync(apex, cancellationToken);
    }

    public Task<IReadOnlyList<KeyInfo>> GetKeysAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<KeyInfo>>([.. Keys().OrderBy(static key => key.Name)]);

    public async Task<KeyInfo> PutKeyAsync(KeySettings settings, bool replace, CancellationToken cancellationToken)
    {
        service.ThrowIfNotRunning();
        await registry.PutKeyAsync(settings, replace, cancellationToken).ConfigureAwait(false);
        return registry.Contents.Keys.TryGetValue(settings.Key.Name, out KeySettings? key) ? Describe(key) : throw RegistryErrors.NoKey(settings.Key.Name);
    }

    public Task RemoveKeyAsync(DnsName name, CancellationToken cancellationToken)
    {
        service.ThrowIfNotRunning();
        return registry.RemoveKeyAsync(name, cancellationToken);
    }

    public Task ExportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken) => service.ExportZoneAsync(apex, file, cancellationToken);

    public Task<ZoneImport> ImportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken)
    {
        service.ThrowIfNotRunning();
        return service.ImportZoneAsync(apex, file, cancellationToken);
    }

    private ZoneInfo Describe(Zone zone)
    {
        ZoneSnapshot snapshot = zone.Current;
        ZoneOptions options = zone.Options;
        return new ZoneInfo
        {
            Apex = options.Apex,
            Serial = snapshot.Serial,
            Records = snapshot.RecordCount,
            LeasedRecords = snapshot.Figures.Leased,
            IsPublic = options.IsPublic,
            ServerLabel = options.ServerLabel,
            Quota = options.Quota,
            Keys = zone.Grants.KeyCount,
            OverQuota = zone.Budget.Refused,
            Source = registry.SourceOf(options.Apex),
        };
    }

    private IEnumerable<KeyInfo> Keys() =>
        registry.AccountKeys
            .Select(item => Describe(item.Key, [.. registry.AccountGrants(item.Key.Name)], item.UpdatesPerMinute, EntrySource.Account))
            .Concat(registry.Contents.Keys.Values.Where(item => registry.AccountKeys.All(own => own.Key.Name != item.Key.Name)).Select(Describe));

    private KeyInfo Describe(KeySettings item) => Describe(item.Key, item.Grants, item.UpdatesPerMinute, EntrySource.Catalog);

    private KeyInfo Describe(TsigKey key, IReadOnlyList<KeyGrant> grants, int updatesPerMinute, EntrySource source) => new()
    {
        Name = key.Name,
        Algorithm = key.Algorithm.Name,
        SecretLength = key.SecretLength,
        Grants = grants,
        UpdatesPerMinute = updatesPerMinute,
        OverQuota = ring.Budget(key.Name).Refused,
        Source = source,
    };
}
