using Btmm.Protocol.Dns;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>The tables of zones and keys; changes run inside the caller's transaction. Holds no state.</summary>
internal static class CatalogTables
{
    internal static List<StoredZone> ReadZones(SqliteConnection connection, string path, CancellationToken cancellationToken) =>
        Read(connection, path, "SELECT owner, settings FROM catalog_zone ORDER BY name", static (name, bytes) => new StoredZone(name, bytes), cancellationToken);

    internal static List<StoredKey> ReadKeys(SqliteConnection connection, string path, CancellationToken cancellationToken) =>
        Read(connection, path, "SELECT owner, sealed FROM catalog_key ORDER BY name", static (name, bytes) => new StoredKey(name, bytes), cancellationToken);

    internal static void Put(SqliteConnection connection, StoredZone zone) => Execute(
        connection, "INSERT OR REPLACE INTO catalog_zone (name, owner, settings) VALUES ($0, $1, $2)", Key(zone.Apex), zone.Apex.WireMemory.ToArray(), zone.Settings.ToArray());

    internal static void Put(SqliteConnection connection, StoredKey key) => Execute(
        connection, "INSERT OR REPLACE INTO catalog_key (name, owner, sealed) VALUES ($0, $1, $2)", Key(key.Name), key.Name.WireMemory.ToArray(), key.Sealed.ToArray());

    /// <summary>Removes a zone with all that is kept of it.</summary>
    internal static void RemoveZone(SqliteConnection connection, DnsName apex)
    {
        byte[] name = Key(apex);
        Execute(connection, "DELETE FROM catalog_zone WHERE name = $0", name);
        Execute(connection, "DELETE FROM record WHERE zone = (SELECT id FROM zone WHERE name = $0)", name);
        Execute(connection, "DELETE FROM journal WHERE zone = (SELECT id FROM zone WHERE name = $0)", name);
        Execute(connection, "DELETE FROM zone WHERE name = $0", name);
    }

    internal static void RemoveKey(SqliteConnection connection, DnsName name) => Execute(connection, "DELETE FROM catalog_key WHERE name = $0", Key(name));

    private static byte[] Key(DnsName name) => name.ToLower().WireMemory.ToArray();

    private static List<T> Read<T>(SqliteConnection connection, string path, string sql, Func<DnsName, byte[], T> make, CancellationToken cancellationToken)
    {
        var entries = new List<T>();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            DnsName name = DnsName.TryFromWire(reader.GetFieldValue<byte[]>(0), out DnsName? read) ? read : throw StoreFile.Damaged(path);
            entries.Add(make(name, reader.GetFieldValue<byte[]>(1)));
        }

        return entries;
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<byte[]> values)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i}", values[i]);
        command.ExecuteNonQuery();
    }
}
