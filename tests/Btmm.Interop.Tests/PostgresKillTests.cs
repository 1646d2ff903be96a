using System.Net;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Two servers with one PostgreSQL database under updates, of which one is killed again and again.</summary>
public sealed class PostgresKillTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const int Survivors = 2; // clients of the other server

    private readonly ServerStoreKiller _killer = new();

    public void Dispose() => _killer.Dispose();

    [Fact]
    public async Task Kill_AtRandomMomentsUnderUpdates_LosesNoneThatWasAcknowledgedAndHalvesNoneAtEither()
    {
        PostgresDatabase database = await postgres.CreateAsync();
        using DaemonProcess other = await _killer.StartAsync(database.Address, "ns2");
        IPEndPoint endpoint = await ServerStoreKiller.EndpointAsync(other);
        ServerStoreClient[] clients = [.. Enumerable.Range(100, Survivors).Select(_killer.NewClient)];
        var firstAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] load = [.. clients.Select(client => client.RunAsync(endpoint, firstAnswer, CancellationToken.None))];
        await _killer.RunAsync(database.Address, "ns1");
        foreach (ServerStoreClient client in clients)
            client.IsDone = true;
        await Task.WhenAll(load);
        foreach (ServerStoreClient client in clients)
            await client.CheckAsync(endpoint, 0);
        TestContext.Current.TestOutputHelper?.WriteLine($"{clients.Sum(static client => client.Acknowledged.Count)} updates through the server that lived on");

        await using PostgresZoneStore store = await database.OpenAsync();
        ZoneImage image = await store.LoadAsync(_killer.Zone, CancellationToken.None);
        _killer.Check(image.Records, TimeSpan.FromSeconds(1), clients);
        Assert.Equal("0", await database.SqlAsync("SELECT count(*) FROM (SELECT serial_before, lag(serial_after) OVER (ORDER BY version) AS last FROM btmm.journal) AS j WHERE serial_before <> last"));
    }
}
