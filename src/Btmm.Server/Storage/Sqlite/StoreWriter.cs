using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>Writes batches with statements that are prepared once. Not thread-safe.</summary>
internal sealed class StoreWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<DnsName, ZoneRow> _zones = new(DnsNameComparer.Instance);
    private readonly SqliteCommand _findZone;
    private readonly SqliteCommand _addZone;
    private readonly SqliteCommand _setZone;
    private readonly SqliteCommand _remove;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _journal;
    private readonly SqliteCommand _clean;
    private readonly SqliteCommand _setCommits;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly List<SqliteCommand> _commands = [];

    internal StoreWriter(SqliteConnection connection)
    {
        _connection = connection;
        _findZone = Prepare("SELECT id, step FROM zone WHERE name = $0", 1);
        _addZone = Prepare("INSERT INTO zone (name, serial, step) VALUES ($0, $1, 0) RETURNING id", 2);
        _setZone = Prepare("UPDATE zone SET serial = $1, step = $2 WHERE id = $0", 3);
        _remove = Prepare("DELETE FROM record WHERE zone = $0 AND name = $1 AND type = $2 AND key = $3", 4);
        _put = Prepare("INSERT OR REPLACE INTO record (zone, name, type, key, owner, data, ttl, lease_end) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", 8);
        _journal = Prepare("INSERT INTO journal (zone, step, serial_before, serial_after, removed, added) VALUES ($0, $1, $2, $3, $4, $5)", 6);
        _clean = Prepare("DELETE FROM journal WHERE zone = $0 AND step <= $1", 2);
        _setCommits = Prepare("UPDATE state SET commits = $0", 1);
        _begin = Prepare("BEGIN IMMEDIATE", 0);
        _commit = Prepare("COMMIT", 0);
    }

    /// <summary>Begins what <see cref="Commit"/> ends. After an exception in between the connection is not to be used any more.</summary>
    internal void Begin() => Run(_begin);

    /// <summary>Ends a change; the number counts them.</summary>
    internal void Commit(long commits)
    {
        Run(_setCommits, commits);
        Run(_commit);
    }

    /// <summary>Forgets a zone whose rows are gone.</summary>
    internal void Forget(DnsName zone) => _zones.Remove(zone);

    /// <summary>Writes a batch.</summary>
    internal void Write(IReadOnlyList<ZoneTransaction> batch)
    {
        var zones = new Dictionary<ZoneRow, NetRecords>();
        foreach (ZoneTransaction transaction in batch)
        {
            ZoneRow zone = FindZone(transaction);
            zone.Serial = transaction.SerialAfter;
            if (transaction.IsVisible)
                WriteJournal(zone, transaction);
            if (!zones.TryGetValue(zone, out NetRecords? records))
                zones.Add(zone, records = []);
            records.Add(transaction);
        }

        foreach ((ZoneRow zone, NetRecords records) in zones)
        {
            foreach (((DnsName name, DnsType type, DnsData data), StoredRecord? item) in records)
                Write(zone.Id, name, type, data, item);
            Run(_setZone, zone.Id, (long)zone.Serial, zone.Step);
        }
    }

    public void Dispose() => _commands.ForEach(static command => command.Dispose());

    private void Write(long zone, DnsName name, DnsType type, DnsData data, StoredRecord? item)
    {
        byte[] lower = name.ToLower().WireMemory.ToArray();
        byte[] key = RecordCodec.Key(data);
        if (item is null)
        {
            Run(_remove, zone, lower, (long)type, key);
            return;
        }

        ReadOnlySpan<byte> owner = item.Record.Name.Wire;
        byte[] exact = RecordCodec.Encode(item.Record.Data);
        Run(
            _put,
            zone,
            lower,
            (long)type,
            key,
            owner.SequenceEqual(lower) ? null : owner.ToArray(),
            exact.AsSpan().SequenceEqual(key) ? null : exact,
            (long)item.Record.Ttl,
            item.LeaseEnd?.UtcTicks);
    }

    private void WriteJournal(ZoneRow zone, ZoneTransaction transaction)
    {
        zone.Step++;
        ZoneJournalEntry entry = transaction.ToJournalEntry();
        Run(_journal, zone.Id, zone.Step, (long)entry.SerialBefore, (long)entry.SerialAfter, RecordCodec.EncodeList(entry.Removed), RecordCodec.EncodeList(entry.Added));
        if (zone.Step % SqliteZoneStore.JournalLength == 0)
            Run(_clean, zone.Id, zone.Step - SqliteZoneStore.JournalLength);
    }

    private ZoneRow FindZone(ZoneTransaction transaction)
    {
        if (_zones.TryGetValue(transaction.Zone, out ZoneRow? zone))
            return zone;
        byte[] name = transaction.Zone.ToLower().WireMemory.ToArray();
        Set(_findZone, [name]);
        using (SqliteDataReader reader = _findZone.ExecuteReader())
        {
            if (reader.Read())
                zone = new ZoneRow(reader.GetInt64(0)) { Step = reader.GetInt64(1) };
        }

        if (zone is null)
        {
            Set(_addZone, [name, (long)transaction.SerialAfter]);
            zone = new ZoneRow((long)_addZone.ExecuteScalar()!); // RETURNING gives the row that was made
        }

        _zones.Add(transaction.Zone, zone);
        return zone;
    }

    private SqliteCommand Prepare(string sql, int parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        _commands.Add(command);
        command.CommandText = sql;
        for (int i = 0; i < parameters; i++)
            command.Parameters.Add(new SqliteParameter($"${i}", null));
        return command;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        Set(command, values);
        command.ExecuteNonQuery();
    }

    private static void Set(SqliteCommand command, ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
    }

    // A row of the table of zones, as the latest commit leaves it.
    private sealed class ZoneRow(long id)
    {
        internal long Id => id;

        internal uint Serial { get; set; }

        internal long Step { get; set; }
    }
}
