using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>Reads zones and what happened to them. Leases are put on this server's wall clock. Holds no state.</summary>
/// <param name="name">The store's, for messages.</param>
/// <param name="time">The clock.</param>
internal sealed class PostgresReader(string name, TimeProvider time)
{
    // A zone that is further behind is loaded again.
    private const int MaxSteps = 16_384;

    private const string ReadZone = "SELECT version, clock_timestamp() FROM btmm.zone WHERE name = $1";

    private const string ReadRecords = """
        SELECT COALESCE(r.owner, r.name), r.type, r.ttl, r.lease_end, COALESCE(r.data, r.key)
        FROM btmm.record AS r JOIN btmm.zone AS z ON z.id = r.zone WHERE z.name = $1 ORDER BY r.name
        """;

    // As long as a signature can be fresh.
    private const string ReadUpdates = """
        SELECT j.updates FROM btmm.journal AS j JOIN btmm.zone AS z ON z.id = j.zone
        WHERE z.name = $1 AND j.at > now() - interval '10 minutes' AND j.updates <> '' ORDER BY j.version
        """;

    private const string ReadSteps = """
        SELECT j.version, j.at, j.serial_before, j.serial_after, j.removed, j.replaced, j.added, j.leased, j.leases, j.updates
        FROM btmm.journal AS j JOIN btmm.zone AS z ON z.id = j.zone WHERE z.name = $1 AND j.version > $2 ORDER BY j.version LIMIT $3
        """;

    private const string ReadChanges = """
        SELECT j.serial_before, j.serial_after, j.removed, j.replaced, j.added FROM btmm.journal AS j JOIN btmm.zone AS z ON z.id = j.zone
        WHERE z.name = $1 AND j.is_change AND j.version >= (
            SELECT max(o.version) FROM btmm.journal AS o WHERE o.zone = z.id AND o.is_change AND o.serial_before = $2)
        ORDER BY j.version
        """;

    /// <summary>A zone at one moment; null when it is not there.</summary>
    internal async Task<ZoneImage?> LoadAsync(NpgsqlConnection connection, DnsName zone, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            NpgsqlBatch batch = Batch(connection, zone, ReadZone, ReadRecords, ReadUpdates);
            await using (batch.ConfigureAwait(false))
            {
                NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                        return null;
                    (long version, TimeSpan offset) = (reader.GetInt64(0), Offset(reader.GetDateTime(1)));
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    List<StoredRecord> records = await ReadRecordsAsync(reader, offset, cancellationToken).ConfigureAwait(false);
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    List<SignedUpdate> updates = [];
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                        updates.AddRange(StepCodec.DecodeUpdates(reader.GetFieldValue<byte[]>(0)) ?? throw PostgresErrors.Damaged(name));
                    return new ZoneImage(records) { Version = version, Updates = updates };
                }
            }
        }
    }

    /// <summary>The steps of a zone after a version; null when they are not all there.</summary>
    internal async Task<IReadOnlyList<ZoneTransaction>?> ReadStepsAsync(NpgsqlConnection connection, DnsName zone, long version, CancellationToken cancellationToken)
    {
        NpgsqlBatch batch = Batch(connection, zone, ReadZone, ReadSteps);
        batch.BatchCommands[1].Parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
        batch.BatchCommands[1].Parameters.Add(new NpgsqlParameter<int> { TypedValue = MaxSteps });
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    return null;
                (long present, TimeSpan offset) = (reader.GetInt64(0), Offset(reader.GetDateTime(1)));
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                var steps = new List<ZoneTransaction>();
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (reader.GetInt64(0) != version + steps.Count + 1)
                        return null;
                    steps.Add(ReadStep(reader, zone, version + steps.Count, offset));
                }

                return version + steps.Count >= present && present >= version ? steps : null;
            }
        }
    }

    /// <summary>The changes after a serial up to the zone's present one; null when they are not all there.</summary>
    internal async Task<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(NpgsqlConnection connection, DnsName zone, uint serial, CancellationToken cancellationToken)
    {
        NpgsqlBatch batch = Batch(connection, zone, ReadChanges, "SELECT 1 FROM btmm.zone WHERE name = $1 AND serial = $2");
        foreach (NpgsqlBatchCommand command in batch.BatchCommands)
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = serial });
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                var entries = new List<ZoneJournalEntry>();
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    entries.Add(new ZoneJournalEntry((uint)reader.GetInt64(0), (uint)reader.GetInt64(1), [.. Records(reader, 2), .. Records(reader, 3)], Records(reader, 4)));
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                bool isPresent = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                return entries.Count > 0 || isPresent ? entries : null;
            }
        }
    }

    private static NpgsqlBatch Batch(NpgsqlConnection connection, DnsName zone, params ReadOnlySpan<string> statements)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (string sql in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = zone.ToLower().Wire.ToArray() });
            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    private async Task<List<StoredRecord>> ReadRecordsAsync(NpgsqlDataReader reader, TimeSpan offset, CancellationToken cancellationToken)
    {
        var records = new List<StoredRecord>();
        DnsName? owner = null;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            byte[] bytes = reader.GetFieldValue<byte[]>(0);
            if (owner is null || !owner.Wire.SequenceEqual(bytes))
                owner = DnsName.TryFromWire(bytes, out DnsName? next) ? next : throw PostgresErrors.Damaged(name);
            var type = (DnsType)reader.GetInt32(1);
            DnsData data = RecordCodec.Decode(type, reader.GetFieldValue<byte[]>(4)) ?? throw PostgresErrors.Damaged(name);
            DateTimeOffset? lease = reader.IsDBNull(3) ? null : new DateTimeOffset(reader.GetDateTime(3), TimeSpan.Zero) + offset;
            records.Add(new StoredRecord(new DnsRecord(owner, type, DnsClass.IN, (uint)reader.GetInt64(2), data), lease));
        }

        return records;
    }

    private ZoneTransaction ReadStep(NpgsqlDataReader reader, DnsName zone, long version, TimeSpan offset)
    {
        DateTimeOffset at = new DateTimeOffset(reader.GetDateTime(1), TimeSpan.Zero) + offset;
        (List<DnsRecord> added, List<DnsRecord> leased, byte[] leases) = (Records(reader, 6), Records(reader, 7), reader.GetFieldValue<byte[]>(8));
        List<StoredRecord>? put = StepCodec.Join([.. added, .. leased], leases, at);
        if (put is null || StepCodec.DecodeUpdates(reader.GetFieldValue<byte[]>(9)) is not { } updates)
            throw PostgresErrors.Damaged(name);
        return new ZoneTransaction(
            zone, (uint)reader.GetInt64(2), (uint)reader.GetInt64(3), Records(reader, 4), Records(reader, 5), put[..added.Count], put[added.Count..])
        {
            Version = version,
            Updates = updates,
        };
    }

    private List<DnsRecord> Records(NpgsqlDataReader reader, int column) =>
        RecordCodec.DecodeList(reader.GetFieldValue<byte[]>(column)) ?? throw PostgresErrors.Damaged(name);

    // From the database's clock to this server's.
    private TimeSpan Offset(DateTime databaseNow) => time.GetUtcNow() - new DateTimeOffset(databaseNow, TimeSpan.Zero);
}
