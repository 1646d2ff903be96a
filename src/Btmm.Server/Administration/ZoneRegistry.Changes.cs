using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Policy;
using Btmm.Server.Zones;

namespace Btmm.Server.Administration;

/// <content>Changes: catalog first, then in force.</content>
internal sealed partial class ZoneRegistry
{
    /// <summary>See <see cref="IZoneAdministration.PutZoneAsync"/>.</summary>
    internal Task PutZoneAsync(ZoneSettings settings, bool replace, CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (_accounts.ContainsKey(settings.Apex))
            throw RegistryErrors.OfAccount($"zone {settings.Apex}");
        bool isThere = _contents.Zones.TryGetValue(settings.Apex, out ZoneSettings? before);
        if (isThere && !replace)
            throw RegistryErrors.Exists($"zone {settings.Apex}");
        CatalogContents next = _contents.With(settings);
        ZoneOptions options = Options(settings.Apex, next);
        if (ZoneRules.Problem(options) is { } problem)
            throw RegistryErrors.Unusable(problem);
        if (isThere && !string.Equals(before?.ServerLabel, settings.ServerLabel, StringComparison.OrdinalIgnoreCase))
            throw RegistryErrors.Unusable("The server's label of a zone cannot be changed.");

        await _catalog.PutZoneAsync(settings, cancellationToken).ConfigureAwait(false);
        if (!isThere)
            await OpenAsync(options).ConfigureAwait(false);
        _contents = next;
        _directory.FindApex(settings.Apex)?.Configure(options);
    }, cancellationToken);

    /// <summary>See <see cref="IZoneAdministration.RemoveZoneAsync"/>.</summary>
    internal Task RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (_accounts.ContainsKey(apex))
            throw RegistryErrors.OfAccount($"zone {apex}");
        if (_directory.FindApex(apex) is not { } zone)
            throw RegistryErrors.NoZone(apex);
        try
        {
            await zone.CloseAsync(cancellationToken).ConfigureAwait(false);
            await _catalog.RemoveZoneAsync(apex, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            zone.Reopen();
            throw;
        }

        _directory.Replace(_directory.All.Where(item => item != zone));
        _contents = _contents with { Zones = _contents.Zones.Remove(apex) };

        // Else the keys would be good for a zone of that name that somebody else gets later.
        foreach (KeySettings key in _contents.Keys.Values.Where(item => item.Grants.Any(grant => grant.Zone == apex)))
        {
            KeySettings less = key with { Grants = [.. key.Grants.Where(grant => grant.Zone != apex)] };
            _contents = _contents.With(less);
            await _catalog.PutKeyAsync(less, CancellationToken.None).ConfigureAwait(false);
        }
    }, cancellationToken);

    /// <summary>See <see cref="IZoneAdministration.PutKeyAsync"/>.</summary>
    internal Task PutKeyAsync(KeySettings settings, bool replace, CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        DnsName name = settings.Key.Name;
        if (_accountKeys.ContainsKey(name))
            throw RegistryErrors.OfAccount($"key {name}");
        if (_contents.Keys.TryGetValue(name, out KeySettings? before) && !replace)
            throw RegistryErrors.Exists($"key {name}");
        CheckGrants(settings);
        KeySettings own = settings with { Key = Copy(settings.Key) };
        await _catalog.PutKeyAsync(own, cancellationToken).ConfigureAwait(false);
        Enforce(_contents.With(own), before, own);
    }, cancellationToken);

    /// <summary>See <see cref="IZoneAdministration.RemoveKeyAsync"/>.</summary>
    internal Task RemoveKeyAsync(DnsName name, CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (_accountKeys.ContainsKey(name))
            throw RegistryErrors.OfAccount($"key {name}");
        if (!_contents.Keys.TryGetValue(name, out KeySettings? before))
            throw RegistryErrors.NoKey(name);
        await _catalog.RemoveKeyAsync(name, cancellationToken).ConfigureAwait(false);
        Enforce(_contents with { Keys = _contents.Keys.Remove(name) }, before);
    }, cancellationToken);

    /// <summary>Puts in force what another server of the same store has changed in the catalog.</summary>
    /// <exception cref="BtmmException">StoreInvalid, StoreFailed, KeyFileInvalid: everything stays as it was.</exception>
    internal Task ReloadAsync(CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        CatalogContents before = _contents;
        CatalogContents loaded = Reuse(await _catalog.LoadAsync(cancellationToken).ConfigureAwait(false));
        loaded = loaded with { Zones = loaded.Zones.RemoveRange(_accounts.Keys) };
        foreach (DnsName gone in before.Zones.Keys.Except(loaded.Zones.Keys))
        {
            if (_directory.FindApex(gone) is not { } zone)
                continue;
            await zone.CloseAsync(cancellationToken).ConfigureAwait(false);
            _directory.Replace(_directory.All.Where(item => item != zone));
        }

        _contents = loaded;
        foreach (DnsName added in loaded.Zones.Keys.Except(before.Zones.Keys))
            await OpenAsync(Options(added, loaded), isNew: false).ConfigureAwait(false);
        Enforce(loaded, [.. before.Keys.Values, .. loaded.Keys.Values]);
        foreach (Zone zone in _directory.All.Where(item => loaded.Zones.ContainsKey(item.Apex)))
            zone.Configure(Options(zone.Apex, loaded));
    }, cancellationToken);

    private async Task InTurnAsync(Func<Task> change, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await change().ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw RegistryErrors.Unwritten(error);
        }
        finally
        {
            _gate.Release();
            Changed();
        }
    }

    // A zone that cannot be opened must not come back at the next start.
    private async Task OpenAsync(ZoneOptions options, bool isNew = true)
    {
        try
        {
            Zone zone = await _load(options, CancellationToken.None).ConfigureAwait(false);
            await _publish(zone, CancellationToken.None).ConfigureAwait(false);
            _directory.Replace(_directory.All.Append(zone));
            zone.CatchUp(); // what other services changed before notices of it were for us
        }
        catch when (isNew)
        {
            await _catalog.RemoveZoneAsync(options.Apex, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private void CheckGrants(KeySettings settings)
    {
        if (settings.Grants.Count > MaxGrants || settings.UpdatesPerMinute < 0)
            throw RegistryErrors.Unusable($"A key has at most {MaxGrants} grants, and a limit of 0 or more updates a minute.");
        foreach (KeyGrant grant in settings.Grants)
        {
            if (_directory.FindApex(grant.Zone) is null)
                throw RegistryErrors.NoZone(grant.Zone);
            if (!grant.Scope.IsSubdomainOf(grant.Zone))
                throw RegistryErrors.Unusable($"{grant.Scope} does not lie in the zone {grant.Zone}.");
            if (grant.Access is ZoneAccess.None or < 0 or > (ZoneAccess.Read | ZoneAccess.Change | ZoneAccess.Transfer))
                throw RegistryErrors.Unusable("A grant needs at least one right.");
        }
    }

    // Rights are taken away before the key goes and given before it comes; either way a request sees one state or the other.
    private void Enforce(CatalogContents next, params IEnumerable<KeySettings?> concerned)
    {
        KeySettings[] keys = [.. concerned.OfType<KeySettings>()];
        _retired.AddRange(keys.Select(static item => item.Key).Where(key => !next.Keys.Values.Any(item => item.Key == key)));
        _contents = next;
        foreach (DnsName apex in keys.SelectMany(static item => item.Grants).Select(static grant => grant.Zone).Distinct())
            _directory.FindApex(apex)?.Configure(Options(apex, next));
        _ring.Replace(AllKeys());
    }

    // Keys that are the same as before stay the same objects; those that clash with an account's are left out, and that is told.
    private CatalogContents Reuse(CatalogContents loaded)
    {
        foreach (KeySettings item in loaded.Keys.Values)
        {
            if (ClashesWithAccount(item))
            {
                ServerLog.Instance.CatalogKeyIgnored(item.Key.Name.ToString());
                loaded = loaded with { Keys = loaded.Keys.Remove(item.Key.Name) };
                item.Key.Dispose();
            }
            else if (_contents.Keys.TryGetValue(item.Key.Name, out KeySettings? known) && known.Key.Matches(item.Key))
            {
                loaded = loaded.With(item with { Key = known.Key });
                item.Key.Dispose();
            }
        }

        return loaded;
    }

    private static TsigKey Copy(TsigKey key)
    {
        byte[] secret = GC.AllocateUninitializedArray<byte>(key.SecretLength, pinned: true);
        try
        {
            key.CopySecretTo(secret);
            return new TsigKey(key.Name, key.Algorithm, secret, allowLegacy: true);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(secret);
        }
    }
}
