using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>One PostgreSQL server for the tests of a class, and a database for each of them.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;
    private int _databases;

    internal PostgresServer Server => _server ?? throw new InvalidOperationException("There is no PostgreSQL.");

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Missing is null) _server = await PostgresServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    /// <summary>A new database; skips the test when there is no PostgreSQL.</summary>
    internal async Task<PostgresDatabase> CreateAsync()
    {
        Assert.SkipUnless(PostgresServer.Missing is null, PostgresServer.Missing ?? "");
        string name = $"test{Interlocked.Increment(ref _databases)}";
        return new PostgresDatabase(Server, name, await Server.CreateDatabaseAsync(name));
    }
}
