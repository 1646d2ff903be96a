using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>Reads records and journals. Holds no state.</summary>
internal static class StoreReader
{
    /// <summary>All records of a zone; records of one name share its object.</summary>
    internal static List<StoredRecord> ReadRecords(SqliteConnection connection, string path, DnsName zone, CancellationToken cancellationToken)
    {
        var records = new List<StoredRecord>();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT COALESCE(owner, name), type, ttl, lease_end, COALESCE(data, key) FROM record WHERE zone = (SELECT id FROM zone WHERE name = $zone) ORDER BY name";
        command.Parameters.AddWithValue("$zone", zone.ToLower().Wire.ToArray());
        using SqliteDataReader reader = command.ExecuteReader();
        DnsName? name = null;
        while (reader.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] owner = reader.GetFieldValue<byte[]>(0);
            if (name is null || !name.Wire.SequenceEqual(owner))
                name = DnsName.TryFromWire(owner, out DnsName? next) ? next : throw StoreFile.Damaged(path);
            var type = (DnsType)reader.GetInt64(1);
            DnsData data = RecordCodec.Decode(type, reader.GetFieldValue<byte[]>(4)) ?? throw StoreFile.Damaged(path);
            DateTimeOffset? lease = reader.IsDBNull(3) ? null : new DateTimeOffset(reader.GetInt64(3), TimeSpan.Zero);
            records.Add(new StoredRecord(new DnsRecord(name, type, DnsClass.IN, (uint)reader.GetInt64(2), data), lease));
        }

        return records;
    }

    /// <summary>The steps after a serial up to the zone's present one; null when they are not all there.</summary>
    internal static IReadOnlyList<ZoneJournalEntry>? ReadJournal(SqliteConnection connection, string path, DnsName zone, uint serial)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT serial_before, serial_after, removed, added FROM journal JOIN zone ON zone.id = journal.zone
            WHERE zone.name = $zone AND journal.step >= (
                SELECT max(journal.step) FROM journal JOIN zone ON zone.id = journal.zone WHERE zone.name = $zone AND serial_before = $serial)
            ORDER BY journal.step
            """;
        command.Parameters.AddWithValue("$zone", zone.ToLower().Wire.ToArray());
        command.Parameters.AddWithValue("$serial", (long)serial);
        using SqliteDataReader reader = command.ExecuteReader();
        var entries = new List<ZoneJournalEntry>();
        while (reader.Read())
        {
            entries.Add(new ZoneJournalEntry(
                (uint)reader.GetInt64(0),
                (uint)reader.GetInt64(1),
                RecordCodec.DecodeList(reader.GetFieldValue<byte[]>(2)) ?? throw StoreFile.Damaged(path),
                RecordCodec.DecodeList(reader.GetFieldValue<byte[]>(3)) ?? throw StoreFile.Damaged(path)));
        }

        return entries.Count > 0 || IsPresent(connection, zone, serial) ? entries : null;
    }

    private static bool IsPresent(SqliteConnection connection, DnsName zone, uint serial)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM zone WHERE name = $zone AND serial = $serial";
        command.Parameters.AddWithValue("$zone", zone.ToLower().Wire.ToArray());
        command.Parameters.AddWithValue("$serial", (long)serial);
        return command.ExecuteScalar() is not null;
    }
}
