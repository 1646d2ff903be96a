using Btmm.Protocol.Dns;
using Btmm.Server.Storage.Sqlite;

namespace Btmm.Server.Storage;

/// <content>Zones and keys.</content>
public sealed partial class SqliteZoneStore
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredZone>> LoadZonesAsync(CancellationToken cancellationToken) =>
        await ReadAsync(session => CatalogTables.ReadZones(session.Connection, Path, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredKey>> LoadKeysAsync(CancellationToken cancellationToken) =>
        await ReadAsync(session => CatalogTables.ReadKeys(session.Connection, Path, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask PutZoneAsync(StoredZone zone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return ChangeAsync(session => CatalogTables.Put(session.Connection, zone), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(apex);
        return ChangeAsync(
            session =>
            {
                CatalogTables.RemoveZone(session.Connection, apex);
                session.Writer.Forget(apex);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask PutKeyAsync(StoredKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ChangeAsync(session => CatalogTables.Put(session.Connection, key), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveKeyAsync(DnsName name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ChangeAsync(session => CatalogTables.RemoveKey(session.Connection, name), cancellationToken);
    }
}
