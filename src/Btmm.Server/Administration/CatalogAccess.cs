using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Storage;

namespace Btmm.Server.Administration;

/// <summary>A store's catalog with its entries in the clear: settings as JSON, keys sealed. Thread-safe.</summary>
internal sealed class CatalogAccess(IZoneCatalog catalog, CatalogSeal seal)
{
    /// <summary>Everything in the catalog; the caller owns the keys.</summary>
    /// <exception cref="BtmmException">StoreInvalid, StoreFailed, KeyFileInvalid.</exception>
    internal async Task<CatalogContents> LoadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredZone> zones = await catalog.LoadZonesAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<StoredKey> keys = await catalog.LoadKeysAsync(cancellationToken).ConfigureAwait(false);
        return new CatalogContents(
            zones.Select(Read).ToImmutableDictionary(static zone => zone.Apex, DnsNameComparer.Instance),
            keys.Select(Open).ToImmutableDictionary(static key => key.Key.Name, DnsNameComparer.Instance));
    }

    /// <summary>Adds a zone or replaces its settings.</summary>
    /// <exception cref="BtmmException">StoreFailed.</exception>
    internal Task PutZoneAsync(ZoneSettings zone, CancellationToken cancellationToken) =>
        WriteAsync(() => catalog.PutZoneAsync(new StoredZone(zone.Apex, JsonSerializer.SerializeToUtf8Bytes(zone, CatalogJson.Default.ZoneSettings)), cancellationToken));

    /// <summary>Removes a zone with its records.</summary>
    /// <exception cref="BtmmException">StoreFailed.</exception>
    internal Task RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken) =>
        WriteAsync(() => catalog.RemoveZoneAsync(apex, cancellationToken));

    /// <summary>Adds a key or replaces it.</summary>
    /// <exception cref="BtmmException">StoreFailed, KeyFileInvalid, PermissionDenied.</exception>
    internal Task PutKeyAsync(KeySettings key, CancellationToken cancellationToken)
    {
        var stored = new StoredKey(key.Key.Name, Seal(key));
        return WriteAsync(() => catalog.PutKeyAsync(stored, cancellationToken));
    }

    /// <summary>Removes a key.</summary>
    /// <exception cref="BtmmException">StoreFailed.</exception>
    internal Task RemoveKeyAsync(DnsName name, CancellationToken cancellationToken) =>
        WriteAsync(() => catalog.RemoveKeyAsync(name, cancellationToken));

    private static async Task WriteAsync(Func<ValueTask> write)
    {
        try
        {
            await write().ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw RegistryErrors.Unwritten(error);
        }
    }

    private static ZoneSettings Read(StoredZone stored)
    {
        try
        {
            ZoneSettings? settings = JsonSerializer.Deserialize(stored.Settings.Span, CatalogJson.Default.ZoneSettings);
            return settings is not null && settings.Apex == stored.Apex ? settings : throw Damaged($"zone {stored.Apex}", null);
        }
        catch (JsonException error)
        {
            throw Damaged($"zone {stored.Apex}", error);
        }
    }

    private byte[] Seal(KeySettings settings)
    {
        byte[] secret = new byte[settings.Key.SecretLength];
        byte[] content = [];
        try
        {
            settings.Key.CopySecretTo(secret);
            content = JsonSerializer.SerializeToUtf8Bytes(
                new KeyDocument(settings.Key.Algorithm.Name, secret, [.. settings.Grants], settings.UpdatesPerMinute), CatalogJson.Default.KeyDocument);
            return seal.Seal(settings.Key.Name, content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private KeySettings Open(StoredKey stored)
    {
        byte[] content = seal.Open(stored.Name, stored.Sealed.Span);
        KeyDocument? document = null;
        try
        {
            document = JsonSerializer.Deserialize(content, CatalogJson.Default.KeyDocument);
            if (document is not { Secret.Length: > 0 } || !TsigAlgorithm.TryParse(document.Algorithm, out TsigAlgorithm? algorithm))
                throw Damaged($"key {stored.Name}", null);
            // The legacy switch was asked for when the key came.
            var key = new TsigKey(stored.Name, algorithm, document.Secret, allowLegacy: true);
            return new KeySettings(key, document.Grants) { UpdatesPerMinute = document.UpdatesPerMinute };
        }
        catch (JsonException error)
        {
            throw Damaged($"key {stored.Name}", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(document?.Secret);
        }
    }

    private static BtmmException Damaged(string what, Exception? cause) => new(
        BtmmErrorReason.StoreInvalid, $"The entry of {what} in the store's catalog is damaged.", "Restore the store from a backup.", cause);
}
