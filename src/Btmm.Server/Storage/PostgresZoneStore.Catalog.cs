using Btmm.Protocol.Dns;
using Btmm.Server.Storage.Postgres;
using Npgsql;

namespace Btmm.Server.Storage;

/// <content>Zones and keys; other services are told of each change.</content>
public sealed partial class PostgresZoneStore
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredZone>> LoadZonesAsync(CancellationToken cancellationToken) =>
        await ReadCatalogAsync("SELECT owner, settings FROM btmm.catalog_zone ORDER BY name", static (name, bytes) => new StoredZone(name, bytes), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredKey>> LoadKeysAsync(CancellationToken cancellationToken) =>
        await ReadCatalogAsync("SELECT owner, sealed FROM btmm.catalog_key ORDER BY name", static (name, bytes) => new StoredKey(name, bytes), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask PutZoneAsync(StoredZone zone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return ChangeCatalogAsync(
            zone.Apex,
            [zone.Apex.WireMemory.ToArray(), zone.Settings.ToArray()],
            ["INSERT INTO btmm.catalog_zone (name, owner, settings) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET owner = $2, settings = $3"],
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(apex);

        // The lock first: then no commit is under way, and each statement after it sees what the last one left.
        return ChangeCatalogAsync(
            apex,
            [],
            [
                "SELECT 1 FROM btmm.zone WHERE name = $1 FOR UPDATE",
                "DELETE FROM btmm.record WHERE zone = (SELECT id FROM btmm.zone WHERE name = $1)",
                "DELETE FROM btmm.journal WHERE zone = (SELECT id FROM btmm.zone WHERE name = $1)",
                "DELETE FROM btmm.zone WHERE name = $1",
                "DELETE FROM btmm.catalog_zone WHERE name = $1",
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask PutKeyAsync(StoredKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ChangeCatalogAsync(
            key.Name,
            [key.Name.WireMemory.ToArray(), key.Sealed.ToArray()],
            ["INSERT INTO btmm.catalog_key (name, owner, sealed) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET owner = $2, sealed = $3"],
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveKeyAsync(DnsName name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ChangeCatalogAsync(name, [], ["DELETE FROM btmm.catalog_key WHERE name = $1"], cancellationToken);
    }

    // In one transaction, as a batch is. The first parameter of each statement is the name.
    private async ValueTask ChangeCatalogAsync(DnsName name, byte[][] values, string[] statements, CancellationToken cancellationToken) => await ChangeAsync(
        async (session, cancel) =>
        {
            var batch = new NpgsqlBatch(session.Connection);
            await using (batch.ConfigureAwait(false))
            {
                foreach (string sql in statements)
                {
                    var command = new NpgsqlBatchCommand(sql);
                    foreach (byte[] value in (byte[][])[name.ToLower().Wire.ToArray(), .. values])
                        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = value });
                    batch.BatchCommands.Add(command);
                }

                batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT pg_notify('{PostgresSchema.Channel}', '{PostgresSchema.CatalogNotice}')"));
                await batch.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
                return true;
            }
        },
        cancellationToken).ConfigureAwait(false);

    private Task<List<T>> ReadCatalogAsync<T>(string sql, Func<DnsName, byte[], T> make, CancellationToken cancellationToken) => UseAsync(
        async (session, cancel) =>
        {
            var command = new NpgsqlCommand(sql, session.Connection);
            await using (command.ConfigureAwait(false))
            {
                NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    var entries = new List<T>();
                    while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                    {
                        DnsName name = DnsName.TryFromWire(reader.GetFieldValue<byte[]>(0), out DnsName? read) ? read : throw PostgresErrors.Damaged(Name);
                        entries.Add(make(name, reader.GetFieldValue<byte[]>(1)));
                    }

                    return entries;
                }
            }
        },
        cancellationToken);
}
