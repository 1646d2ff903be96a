using System.Buffers.Binary;
using Btmm.Core.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>
/// The file of a store: told from other files before SQLite touches it, made as a whole or not at all, opened for this
/// process alone. Holds no state.
/// </summary>
internal static class StoreFile
{
    internal const int Version = 2;

    // "Btmm" in the place that SQLite's file format has for this (§1.3.14 of its description).
    private const uint ApplicationId = 0x42746D6D;
    private const int HeaderSize = 100;
    private const int VersionOffset = 60;
    private const int ApplicationIdOffset = 68;
    private const string NewSuffix = ".new";

    // Version 1, and what each later one added.
    private const string Schema = """
        PRAGMA application_id = 1114926445;
        CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), commits INTEGER NOT NULL);
        INSERT INTO state VALUES (1, 0);
        CREATE TABLE zone (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, serial INTEGER NOT NULL, step INTEGER NOT NULL);
        CREATE TABLE record (
            zone INTEGER NOT NULL, name BLOB NOT NULL, type INTEGER NOT NULL, key BLOB NOT NULL,
            owner BLOB, data BLOB, ttl INTEGER NOT NULL, lease_end INTEGER,
            PRIMARY KEY (zone, name, type, key)) WITHOUT ROWID;
        CREATE TABLE journal (
            zone INTEGER NOT NULL, step INTEGER NOT NULL, serial_before INTEGER NOT NULL, serial_after INTEGER NOT NULL,
            removed BLOB NOT NULL, added BLOB NOT NULL,
            PRIMARY KEY (zone, step)) WITHOUT ROWID;
        """;

    private const string SchemaSince2 = """
        CREATE TABLE catalog_zone (name BLOB PRIMARY KEY, owner BLOB NOT NULL, settings BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE catalog_key (name BLOB PRIMARY KEY, owner BLOB NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
        PRAGMA user_version = 2;
        """;

    /// <summary>Opens the store's file, making it when there is none.</summary>
    /// <exception cref="BtmmException">StoreInvalid, StoreFailed, ResourceBusy or PermissionDenied.</exception>
    internal static SqliteConnection OpenOrCreate(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length == 0)
                Create(path);
            Check(path);
            return Open(path);
        }
        catch (SqliteException error)
        {
            throw Translate(path, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new BtmmException(BtmmErrorReason.PermissionDenied, $"The store {path} may not be opened: {error.Message}", "Give the service's user read and write access to the file and its directory.", error);
        }
        catch (IOException error)
        {
            throw new BtmmException(BtmmErrorReason.StoreFailed, $"The store {path} cannot be opened: {error.Message}", "Check the path, and that its directory exists and has room.", error);
        }
    }

    /// <summary>What a failure of SQLite means for the person who runs the service.</summary>
    internal static BtmmException Translate(string path, SqliteException error) => error.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => new BtmmException(
            BtmmErrorReason.ResourceBusy, $"The store {path} is in use by another process.", "Stop the other process, or use another file.", error),
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => Damaged(path, error),
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => new BtmmException(
            BtmmErrorReason.PermissionDenied, $"The store {path} cannot be written.", "Give the service's user write access to the file and its directory.", error),
        _ => new BtmmException(
            BtmmErrorReason.StoreFailed, $"The store {path} cannot be used: {error.Message}", "Check that the disk has room and works.", error),
    };

    internal static BtmmException Damaged(string path, Exception? error = null) => new(
        BtmmErrorReason.StoreInvalid, $"The store {path} is damaged; it was left as it is.", "Put a backup in its place, or move it away to start with empty zones.", error);

    // In a file of another name first, so that a crash leaves no half-made store.
    private static void Create(string path)
    {
        string made = path + NewSuffix;
        File.Delete(made);
        File.Delete(made + "-journal");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(made, options).Dispose();
        using (SqliteConnection connection = Connect(made))
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Execute(connection, Schema);
            Execute(connection, SchemaSince2);
            transaction.Commit();
        }

        if (File.Exists(path))
            File.Delete(path); // an empty file, as mktemp makes it
        File.Move(made, path, overwrite: false);
    }

    // Reads the header itself: SQLite might already write to a file that it opens.
    private static void Check(string path)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            if (file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !header.StartsWith("SQLite format 3\0"u8))
                throw Foreign(path);
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(header[ApplicationIdOffset..]) != ApplicationId)
            throw Foreign(path);
        CheckVersion(path, BinaryPrimitives.ReadInt32BigEndian(header[VersionOffset..]));
    }

    private static void CheckVersion(string path, int version)
    {
        if (version is < 1 or > Version)
        {
            throw new BtmmException(
                BtmmErrorReason.StoreInvalid, $"The store {path} has version {version}; this program knows version {Version}.", "Use the program that made it, or another file.");
        }
    }

    private static BtmmException Foreign(string path) => new(
        BtmmErrorReason.StoreInvalid, $"{path} is not a store of a zone service; it was left as it is.", "Name another file; a new store is made where there is none.");

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = Connect(path);
        try
        {
            // The lock comes with the first access and stays: two services on one file would not see each other's changes.
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT;");
            Migrate(connection, path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // The log may hold a later version than the file's header, so this asks SQLite.
    private static void Migrate(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        int version = (int)(long)command.ExecuteScalar()!; // this pragma always gives one number
        CheckVersion(path, version);
        if (version == Version)
            return;
        using (SqliteTransaction transaction = connection.BeginTransaction())
        {
            Execute(connection, SchemaSince2);
            transaction.Commit();
        }

        // Into the file itself, so that programs that know version 1 only can tell.
        Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 1, // seconds; how long to wait for a lock
        }.ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
