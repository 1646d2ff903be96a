using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>An open connection and the statements prepared on it. Not thread-safe.</summary>
internal sealed class StoreSession : IDisposable
{
    internal StoreSession(SqliteConnection connection)
    {
        Connection = connection;
        Writer = new StoreWriter(connection);
    }

    internal SqliteConnection Connection { get; }

    internal StoreWriter Writer { get; }

    /// <summary>How many commits the file has seen.</summary>
    internal long ReadCommits()
    {
        using SqliteCommand command = Connection.CreateCommand();
        command.CommandText = "SELECT commits FROM state";
        return command.ExecuteScalar() is long commits ? commits : throw new SqliteException("The store has no state.", SQLitePCL.raw.SQLITE_CORRUPT);
    }

    public void Dispose()
    {
        Writer.Dispose();
        Connection.Dispose();
    }
}
