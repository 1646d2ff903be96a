using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Tests;

/// <summary>Files of version 1, which had no catalog.</summary>
public sealed class SqliteMigrationTests : IDisposable
{
    // As version 1 made it.
    private const string Schema = """
        PRAGMA application_id = 1114926445;
        PRAGMA user_version = 1;
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

    private static readonly DnsRecord s_address = Records.A(TestZones.Alice.PrependLabels("studio"), "192.0.2.1");

    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task File_OfVersion1_KeepsWhatItHasAndTakesZonesAndKeys()
    {
        MakeFile();
        await using (SqliteZoneStore store = await _directory.OpenAsync())
        {
            await AssertContentAsync(store);
            Assert.Empty(await store.LoadZonesAsync(CancellationToken.None));
            await store.PutKeyAsync(new StoredKey(TestZones.Alice, new byte[] { 1 }), CancellationToken.None);
            await store.CommitAsync([new ZoneTransaction(TestZones.Alice, 8, 9, [], [], [], [])], CancellationToken.None);
        }

        await using SqliteZoneStore again = await _directory.OpenAsync();
        await AssertContentAsync(again);
        Assert.Single(await again.LoadKeysAsync(CancellationToken.None));
    }

    [Fact]
    public async Task File_OfVersion1_OnceTaken_SaysSoInItsHeader()
    {
        MakeFile();
        Assert.Equal(1, File.ReadAllBytes(_directory.File)[63]);
        SqliteZoneStore store = await _directory.OpenAsync();
        Assert.Equal(2, File.ReadAllBytes(_directory.File)[63]);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task File_OfVersion1_ThatCannotBeTaken_StaysAsItIs()
    {
        MakeFile("CREATE TABLE catalog_key (x);"); // in the way of the new table
        byte[] before = File.ReadAllBytes(_directory.File);
        await _directory.AssertRefusedAsync(BtmmErrorReason.StoreFailed);
        Assert.Equal(0, Count("SELECT count(*) FROM sqlite_master WHERE name = 'catalog_zone'"));
        Assert.Equal(1, Count("PRAGMA user_version"));
        Assert.Equal(before.Length, File.ReadAllBytes(_directory.File).Length);
    }

    private static async Task AssertContentAsync(SqliteZoneStore store)
    {
        StoredRecord record = Assert.Single((await store.LoadAsync(TestZones.Alice, CancellationToken.None)).Records);
        Assert.Equal(s_address, record.Record);
        Assert.Equal(new DateTimeOffset(1000, TimeSpan.Zero), record.LeaseEnd);
        ZoneJournalEntry entry = Assert.Single(await store.ReadJournalAsync(TestZones.Alice, 7, CancellationToken.None) ?? []);
        Assert.Equal((7u, 8u), (entry.SerialBefore, entry.SerialAfter));
    }

    private void MakeFile(string more = "")
    {
        using SqliteConnection connection = Connect(SqliteOpenMode.ReadWriteCreate);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            {Schema}
            INSERT INTO zone VALUES (5, $zone, 8, 1);
            INSERT INTO record VALUES (5, $name, 1, x'C0000201', NULL, NULL, {s_address.Ttl}, 1000);
            INSERT INTO journal VALUES (5, 1, 7, 8, x'', x'');
            {more}
            """;
        command.Parameters.AddWithValue("$zone", TestZones.Alice.ToLower().WireMemory.ToArray());
        command.Parameters.AddWithValue("$name", s_address.Name.ToLower().WireMemory.ToArray());
        command.ExecuteNonQuery();
    }

    private int Count(string sql)
    {
        using SqliteConnection connection = Connect(SqliteOpenMode.ReadWrite);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (int)(long)command.ExecuteScalar()!;
    }

    private SqliteConnection Connect(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _directory.File, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
