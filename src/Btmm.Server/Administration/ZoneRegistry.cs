using System.Collections.Frozen;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Policy;
using Btmm.Server.Zones;

namespace Btmm.Server.Administration;

/// <summary>
/// Which zones and keys a service has: those of the accounts that it was started with, and beside them those of its catalog,
/// which come and go while it runs. A change is written to the catalog first and then put in force by swapping the directory of
/// zones or the key ring, so that nothing that answers ever waits. Thread-safe: changes are made one after another.
/// </summary>
internal sealed partial class ZoneRegistry : IDisposable
{
    private const int MaxGrants = 1024;

    private readonly CatalogAccess _catalog;
    private readonly ZoneDirectory _directory;
    private readonly ServiceKeyRing _ring;
    private readonly Func<ZoneOptions, CancellationToken, Task<Zone>> _load;
    private readonly Func<Zone, CancellationToken, Task> _publish;
    private readonly FrozenDictionary<DnsName, ZoneOptions> _accounts;
    private readonly FrozenDictionary<DnsName, (TsigKey Key, int UpdatesPerMinute)> _accountKeys;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<TsigKey> _retired = []; // may still be in use; disposed with the service
    private volatile CatalogContents _contents = CatalogContents.Empty;

    /// <summary>Makes a registry without the catalog's entries; <see cref="LoadAsync"/> brings them.</summary>
    /// <param name="accounts">The zones that the service was started with.</param>
    /// <param name="catalog">The others.</param>
    /// <param name="directory">The zones that are served; the registry's to fill.</param>
    /// <param name="ring">The keys that are accepted; the registry's to fill.</param>
    /// <param name="load">Brings a zone from the store.</param>
    /// <param name="publish">Makes the service's own records in a zone right.</param>
    internal ZoneRegistry(
        IReadOnlyList<ZoneOptions> accounts, CatalogAccess catalog, ZoneDirectory directory, ServiceKeyRing ring,
        Func<ZoneOptions, CancellationToken, Task<Zone>> load, Func<Zone, CancellationToken, Task> publish)
    {
        _catalog = catalog;
        _directory = directory;
        _ring = ring;
        _load = load;
        _publish = publish;
        _accounts = accounts.ToFrozenDictionary(static zone => zone.Apex, DnsNameComparer.Instance);
        _accountKeys = accounts.SelectMany(static zone => zone.Keys).GroupBy(static item => item.Key.Name, DnsNameComparer.Instance)
            .ToFrozenDictionary(static group => group.Key, static group => (group.First().Key, group.Max(static item => item.UpdatesPerMinute)), DnsNameComparer.Instance);
    }

    /// <summary>Called after zones, keys or their rights have changed; must not wait.</summary>
    internal Action Changed { get; set; } = static () => { };

    /// <summary>What is in the catalog, those entries left out that an account's take the place of.</summary>
    internal CatalogContents Contents => _contents;

    /// <summary>The keys of the accounts.</summary>
    internal IEnumerable<(TsigKey Key, int UpdatesPerMinute)> AccountKeys => _accountKeys.Values;

    /// <summary>What an account's key is good for.</summary>
    internal IEnumerable<KeyGrant> AccountGrants(DnsName key) =>
        _accounts.Values.SelectMany(zone => zone.Keys.Where(item => item.Key.Name == key).Select(item => new KeyGrant(zone.Apex, item.Scope, item.Access)));

    /// <summary>Where a zone comes from.</summary>
    internal EntrySource SourceOf(DnsName zone) => _accounts.ContainsKey(zone) ? EntrySource.Account : EntrySource.Catalog;

    /// <summary>Brings all zones from the store and puts them and all keys in force; nothing is published yet.</summary>
    /// <exception cref="BtmmException">StoreInvalid, StoreFailed, KeyFileInvalid; InvalidValue: a key of the catalog has an account's name.</exception>
    internal async Task LoadAsync(CancellationToken cancellationToken)
    {
        CatalogContents contents = await _catalog.LoadAsync(cancellationToken).ConfigureAwait(false);
        DnsName? clash = contents.Keys.Values.Where(ClashesWithAccount).Select(static item => item.Key.Name).FirstOrDefault();
        if (clash is not null)
            throw RegistryErrors.SameName(clash);
        contents = contents with { Zones = contents.Zones.RemoveRange(_accounts.Keys) };
        ILookup<DnsName, ZoneKey> grants = Grants(contents);
        var zones = new List<Zone>();
        foreach (ZoneOptions options in _accounts.Values.Concat(contents.Zones.Values.Select(ToOptions)))
            zones.Add(await _load(options with { Keys = [.. options.Keys, .. grants[options.Apex]] }, cancellationToken).ConfigureAwait(false));
        _contents = contents;
        _directory.Replace(zones);
        _ring.Replace(AllKeys());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TsigKey key in _retired.Concat(_contents.Keys.Values.Select(static item => item.Key)))
            key.Dispose();
        _gate.Dispose();
    }

    private static ZoneOptions ToOptions(ZoneSettings settings) => new()
    {
        Apex = settings.Apex,
        Keys = [],
        IsPublic = settings.IsPublic,
        ServerLabel = settings.ServerLabel,
        Quota = settings.Quota,
        Secondaries = settings.Secondaries,
        NotifiesNameServers = settings.NotifiesNameServers,
        TransferNetworks = settings.TransferNetworks,
    };

    private static ILookup<DnsName, ZoneKey> Grants(CatalogContents contents) =>
        contents.Keys.Values
            .SelectMany(static item => item.Grants.Select(grant => (grant.Zone, Key: new ZoneKey(item.Key, grant.Scope) { Access = grant.Access })))
            .ToLookup(static item => item.Zone, static item => item.Key, DnsNameComparer.Instance);

    private ZoneOptions Options(DnsName apex, CatalogContents contents)
    {
        ZoneOptions options = _accounts.TryGetValue(apex, out ZoneOptions? account) ? account : ToOptions(contents.Zones[apex]);
        return options with { Keys = [.. options.Keys, .. Grants(contents)[apex]] };
    }

    private IReadOnlyCollection<(TsigKey Key, int UpdatesPerMinute)> AllKeys() =>
    [
        .. AccountKeys,
        .. _contents.Keys.Values.Where(item => !_accountKeys.ContainsKey(item.Key.Name)).Select(static item => (item.Key, item.UpdatesPerMinute)),
    ];

    private bool ClashesWithAccount(KeySettings item) =>
        _accountKeys.TryGetValue(item.Key.Name, out (TsigKey Key, int) account) && !account.Key.Matches(item.Key);
}
