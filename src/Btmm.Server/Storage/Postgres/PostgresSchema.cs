using Btmm.Core.Diagnostics;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>The tables of a store, in a schema of their own, made at first use. Holds no state.</summary>
internal static class PostgresSchema
{
    internal const int Version = 1;

    /// <summary>Where servers tell each other of changes.</summary>
    internal const string Channel = "btmm";

    /// <summary>What a notice of a zone begins with; its name in hexadecimal follows.</summary>
    internal const string ZoneNotice = "zone ";

    /// <summary>The notice of the catalog.</summary>
    internal const string CatalogNotice = "catalog";

    /// <summary>A commit that came after another server's.</summary>
    internal const string OvertakenState = "BT001";

    // Keeps two servers that start at the same time from making the tables twice: "Btmm" as a number.
    private const long LockId = 0x42746D6D;

    // A journal row per step: those that changed records are kept for secondaries, those that did not for other servers only.
    // Leases that a step gives are microseconds after its time, so that no server's clock matters.
    private const string Tables = """
        CREATE SCHEMA IF NOT EXISTS btmm;
        CREATE TABLE btmm.state (id int PRIMARY KEY CHECK (id = 1), version int NOT NULL);
        INSERT INTO btmm.state VALUES (1, 1);
        CREATE TABLE btmm.zone (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name bytea NOT NULL UNIQUE, version bigint NOT NULL, serial bigint NOT NULL);
        CREATE TABLE btmm.record (
            zone bigint NOT NULL, name bytea NOT NULL, type int NOT NULL, key bytea NOT NULL,
            owner bytea, data bytea, ttl bigint NOT NULL, lease_end timestamptz,
            PRIMARY KEY (zone, name, type, key));
        CREATE TABLE btmm.journal (
            zone bigint NOT NULL, version bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), is_change boolean NOT NULL,
            serial_before bigint NOT NULL, serial_after bigint NOT NULL,
            removed bytea NOT NULL, replaced bytea NOT NULL, added bytea NOT NULL, leased bytea NOT NULL, leases bytea NOT NULL, updates bytea NOT NULL,
            PRIMARY KEY (zone, version));
        CREATE TABLE btmm.catalog_zone (name bytea PRIMARY KEY, owner bytea NOT NULL, settings bytea NOT NULL);
        CREATE TABLE btmm.catalog_key (name bytea PRIMARY KEY, owner bytea NOT NULL, sealed bytea NOT NULL);
        """;

    // Moves each zone from the version that a commit was worked out on by so many steps, or lets the commit fail. The row stays
    // locked until its end. Zones come in the order of their names, so that two commits never wait for each other. The advisory
    // locks let a server that has come too late several times keep the others out for a moment; who waits for one comes before
    // those who ask later.
    private const string Advance = """
        CREATE FUNCTION btmm.advance(zones bytea[], versions bigint[], counts bigint[], serials bigint[], fresh boolean[]) RETURNS void
        LANGUAGE plpgsql AS $$
        DECLARE
            zone_id bigint;
        BEGIN
            FOR i IN 1 .. cardinality(zones) LOOP
                PERFORM pg_advisory_xact_lock_shared(btmm.lock_of(zones[i]));
                IF fresh[i] THEN
                    INSERT INTO btmm.zone (name, version, serial) VALUES (zones[i], versions[i], 0) ON CONFLICT (name) DO NOTHING;
                END IF;
                UPDATE btmm.zone SET version = version + counts[i], serial = serials[i]
                    WHERE name = zones[i] AND version = versions[i] RETURNING id INTO zone_id;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'overtaken' USING ERRCODE = 'BT001';
                END IF;
                IF versions[i] / 1024 <> (versions[i] + counts[i]) / 1024 THEN
                    PERFORM btmm.cut(zone_id, versions[i]);
                END IF;
                PERFORM pg_notify('btmm', 'zone ' || encode(zones[i], 'hex'));
            END LOOP;
        END $$;
        """;

    private const string LockOf = """
        CREATE FUNCTION btmm.lock_of(zone bytea) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
            SELECT hashtextextended(encode(zone, 'hex'), 1114926445);
        $$;
        """;

    // Bounds the journal: the latest 4096 changes, and renewals only among the latest 4096 steps.
    private const string Cut = """
        CREATE FUNCTION btmm.cut(of_zone bigint, at_version bigint) RETURNS void LANGUAGE sql AS $$
            DELETE FROM btmm.journal WHERE zone = of_zone AND NOT is_change AND version <= at_version - 4096;
            DELETE FROM btmm.journal WHERE zone = of_zone AND version <= (
                SELECT version FROM btmm.journal WHERE zone = of_zone AND is_change ORDER BY version DESC OFFSET 4096 LIMIT 1);
        $$;
        """;

    /// <summary>Makes the tables when there are none; checks their version.</summary>
    /// <exception cref="BtmmException">StoreInvalid: they are of another version.</exception>
    internal static async Task EnsureAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        int? version = await ReadVersionAsync(connection, cancellationToken).ConfigureAwait(false);
        if (version is null)
        {
            await MakeAsync(connection, cancellationToken).ConfigureAwait(false);
            version = await ReadVersionAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        if (version != Version)
        {
            throw new BtmmException(
                BtmmErrorReason.StoreInvalid, $"The store {name} has version {version}; this program knows version {Version}.", "Use the program that made it, or another database.");
        }
    }

    private static async Task MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockId})", cancellationToken).ConfigureAwait(false);
            if (await ReadVersionAsync(connection, cancellationToken).ConfigureAwait(false) is null)
                await ExecuteAsync(connection, Tables + LockOf + Cut + Advance, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Null when there are no tables. Asks the catalog itself: to_regclass may not see yet what another session has just made.
    private static async Task<int?> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'btmm' AND tablename = 'state')", connection);
        await using (command.ConfigureAwait(false))
        {
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
                return null;
            command.CommandText = "SELECT version FROM btmm.state";
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as int? ?? 0;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
