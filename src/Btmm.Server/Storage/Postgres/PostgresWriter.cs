using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Npgsql;
using NpgsqlTypes;

namespace Btmm.Server.Storage.Postgres;

/// <summary>
/// Writes batches over one connection: prepared once, one round trip each, which is a transaction of its own. Not thread-safe.
/// </summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    // An index takes no longer keys; longer data are found by their hash.
    private const int MaxKeyLength = 512;

    private const NpgsqlDbType Bytes = NpgsqlDbType.Bytea;
    private const NpgsqlDbType Int = NpgsqlDbType.Integer;
    private const NpgsqlDbType Long = NpgsqlDbType.Bigint;

    private readonly NpgsqlBatch _batch;
    private readonly PostgresParameters _advance = new("SELECT btmm.advance($1, $2, $3, $4, $5)", Bytes, Long, Long, Long, NpgsqlDbType.Boolean);
    private readonly PostgresParameters _remove = new(
        """
        DELETE FROM btmm.record AS r USING unnest($1, $2, $3, $4) AS d (zone, name, type, key), btmm.zone AS z
        WHERE z.name = d.zone AND r.zone = z.id AND r.name = d.name AND r.type = d.type AND r.key = d.key
        """,
        Bytes,
        Bytes,
        Int,
        Bytes);

    private readonly PostgresParameters _put = new(
        """
        INSERT INTO btmm.record (zone, name, type, key, owner, data, ttl, lease_end)
        SELECT z.id, p.name, p.type, p.key, p.owner, p.data, p.ttl, now() + p.lease * interval '1 microsecond'
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS p (zone, name, type, key, owner, data, ttl, lease) JOIN btmm.zone AS z ON z.name = p.zone
        ON CONFLICT (zone, name, type, key) DO UPDATE SET owner = EXCLUDED.owner, data = EXCLUDED.data, ttl = EXCLUDED.ttl, lease_end = EXCLUDED.lease_end
        """,
        Bytes,
        Bytes,
        Int,
        Bytes,
        Bytes,
        Bytes,
        Long,
        Long);

    private readonly PostgresParameters _journal = new(
        """
        INSERT INTO btmm.journal (zone, version, is_change, serial_before, serial_after, removed, replaced, added, leased, leases, updates)
        SELECT z.id, j.version, j.is_change, j.serial_before, j.serial_after, j.removed, j.replaced, j.added, j.leased, j.leases, j.updates
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            AS j (zone, version, is_change, serial_before, serial_after, removed, replaced, added, leased, leases, updates)
        JOIN btmm.zone AS z ON z.name = j.zone
        """,
        Bytes,
        Long,
        NpgsqlDbType.Boolean,
        Long,
        Long,
        Bytes,
        Bytes,
        Bytes,
        Bytes,
        Bytes,
        Bytes);

    internal PostgresWriter(NpgsqlConnection connection)
    {
        _batch = new NpgsqlBatch(connection);
        foreach (PostgresParameters statement in (ReadOnlySpan<PostgresParameters>)[_advance, _remove, _put, _journal])
            _batch.BatchCommands.Add(statement.Command);
    }

    internal Task PrepareAsync(CancellationToken cancellationToken) => _batch.PrepareAsync(cancellationToken);

    /// <summary>Writes a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="isFresh">Whether a zone of a version is not in the database yet.</param>
    /// <param name="now">The clock that the batch's leases are on.</param>
    /// <param name="cancellationToken">Ends the attempt, with an outcome that nobody knows.</param>
    /// <returns>False when another server was first.</returns>
    internal async Task<bool> CommitAsync(
        IReadOnlyList<ZoneTransaction> batch, Func<DnsName, long, bool> isFresh, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // In the order of the zones' names, as btmm.advance wants it.
        foreach (IGrouping<DnsName, ZoneTransaction> zone in batch.GroupBy(static step => step.Zone).OrderBy(static group => OrderOf(group.Key), StringComparer.Ordinal))
            Add(zone.Key, [.. zone], isFresh, now);
        foreach (PostgresParameters statement in (ReadOnlySpan<PostgresParameters>)[_advance, _remove, _put, _journal])
            statement.Bind();
        try
        {
            await _batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (PostgresException error) when (error.SqlState == PostgresSchema.OvertakenState)
        {
            return false;
        }
    }

    /// <summary>Zones are locked in this order.</summary>
    internal static string OrderOf(DnsName zone) => Convert.ToHexString(zone.ToLower().Wire);

    public ValueTask DisposeAsync() => _batch.DisposeAsync();

    private void Add(DnsName zone, ZoneTransaction[] steps, Func<DnsName, long, bool> isFresh, DateTimeOffset now)
    {
        byte[] zoneName = Lower(zone);
        _advance.Add(zoneName, steps[0].Version, (long)steps.Length, (long)steps[^1].SerialAfter, isFresh(zone, steps[0].Version));
        var records = new NetRecords();
        foreach (ZoneTransaction step in steps)
        {
            records.Add(step);
            _journal.Add(
                zoneName,
                step.Version + 1,
                step.IsVisible,
                (long)step.SerialBefore,
                (long)step.SerialAfter,
                RecordCodec.EncodeList(step.Removed),
                RecordCodec.EncodeList(step.Replaced),
                RecordCodec.EncodeList([.. step.Added.Select(static item => item.Record)]),
                RecordCodec.EncodeList([.. step.Leased.Select(static item => item.Record)]),
                StepCodec.EncodeLeases(step.Put, now),
                StepCodec.EncodeUpdates(step.Updates));
        }

        foreach (((DnsName name, DnsType type, DnsData data), StoredRecord? item) in records)
            Add(zoneName, name, type, data, item, now);
    }

    private void Add(byte[] zone, DnsName name, DnsType type, DnsData data, StoredRecord? item, DateTimeOffset now)
    {
        byte[] lower = Lower(name);
        byte[] whole = RecordCodec.Key(data);
        byte[] key = whole.Length <= MaxKeyLength ? whole : SHA256.HashData(whole);
        if (item is null)
        {
            _remove.Add(zone, lower, (int)type, key);
            return;
        }

        byte[] exact = RecordCodec.Encode(item.Record.Data);
        _put.Add(
            zone,
            lower,
            (int)type,
            key,
            item.Record.Name.Wire.SequenceEqual(lower) ? null : item.Record.Name.Wire.ToArray(),
            exact.AsSpan().SequenceEqual(key) ? null : exact,
            (long)item.Record.Ttl,
            StepCodec.Remaining(item, now));
    }

    private static byte[] Lower(DnsName name) => name.ToLower().Wire.ToArray();
}
