using System.Data;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>An open connection and the statements prepared on it. Not thread-safe.</summary>
internal sealed class PostgresSession : IAsyncDisposable
{
    // A commit is acknowledged when it is on the disk, whatever the database's default; a stricter default stays. Statements
    // that are prepared while the tables are small must not be made for small tables.
    private const string Settings = """
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
        SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET lock_timeout = '5s';
        """;

    // A server that stops in the middle must not keep the others out.
    private const string LongestReservation = "SET idle_session_timeout = '3s'";

    private const string EndReservation = "SET idle_session_timeout = 0; SELECT pg_advisory_unlock_all();";

    private PostgresSession(NpgsqlConnection connection)
    {
        Connection = connection;
        Writer = new PostgresWriter(connection);
    }

    internal NpgsqlConnection Connection { get; }

    internal PostgresWriter Writer { get; }

    /// <summary>Whether more can be done over the connection after a failure.</summary>
    internal bool IsUsable => Connection.State == ConnectionState.Open && !Connection.FullState.HasFlag(ConnectionState.Broken);

    internal static async Task<PostgresSession> OpenAsync(NpgsqlDataSource source, string name, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        var session = new PostgresSession(connection);
        try
        {
            await PostgresSchema.EnsureAsync(connection, name, cancellationToken).ConfigureAwait(false);
            var settings = new NpgsqlCommand(Settings, connection);
            await using (settings.ConfigureAwait(false))
                await settings.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await session.Writer.PrepareAsync(cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Keeps other sessions from committing to zones, whose names are in order and in lower case.</summary>
    internal async Task ReserveAsync(IEnumerable<byte[]> zones, CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(Connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(LongestReservation));
            foreach (byte[] zone in zones)
            {
                var command = new NpgsqlBatchCommand("SELECT pg_advisory_lock(btmm.lock_of($1))");
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = zone });
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Lets them again.</summary>
    internal async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(EndReservation, Connection);
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync().ConfigureAwait(false);
        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
