using System.Net;
using System.Text.Json;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary><c>btmmd zone --store</c>, killed again and again.</summary>
public sealed class ServerStoreTests : IDisposable
{
    private const int Kills = 50;
    private const int Clients = 8;
    private const int LongestRun = 200; // milliseconds under load before a kill

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-store-").FullName;
    private readonly BtmmAccount _account = BtmmAccount.Create(DnsName.Parse(ServerFixture.Domain), SystemRandomSource.Instance);

    private string Store => Path.Combine(_directory, "zones.db");

    public void Dispose()
    {
        _account.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Kill_AtRandomMomentsUnderUpdates_LosesNoneThatWasAcknowledgedAndHalvesNone()
    {
        int seed = Environment.GetEnvironmentVariable("BTMM_SEED") is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed} (BTMM_SEED={seed} repeats the moments)");
        var random = new Random(seed);
        await AccountFile.SaveAsync(_account, Path.Combine(_directory, "account"));
        ServerStoreClient[] clients = [.. Enumerable.Range(0, Clients).Select(i => new ServerStoreClient(_account.Domain, _account.UpdateKey, i))];
        int[] from = new int[Clients];
        for (int kill = 0; kill < Kills; kill++)
        {
            using DaemonProcess server = Start();
            IPEndPoint endpoint = await EndpointAsync(server);
            await Task.WhenAll(clients.Select((client, i) => client.CheckAsync(endpoint, from[i])));
            from = [.. clients.Select(static client => client.Acknowledged.Count)];
            var firstAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var gone = new CancellationTokenSource();
            Task[] load = [.. clients.Select(client => client.RunAsync(endpoint, firstAnswer, gone.Token))];
            await firstAnswer.Task.WaitAsync(s_patience);
            await Task.Delay(random.Next(LongestRun));
            server.Kill();
            await gone.CancelAsync(); // a datagram that the dead server had not read makes no error
            await Task.WhenAll(load);
        }

        using (DaemonProcess server = Start())
        {
            IPEndPoint endpoint = await EndpointAsync(server);
            await Task.WhenAll(clients.Select((client, i) => client.CheckAsync(endpoint, from[i])));
            server.Kill();
        }

        int updates = clients.Sum(static client => client.Acknowledged.Count);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} kills, {updates} updates of {Clients} clients");
        Assert.True(updates > Kills);
        await CheckFileAsync(clients);
    }

    // All of them once more, from the file itself: restarts must neither have lost old ones nor prolonged their leases.
    private async Task CheckFileAsync(ServerStoreClient[] clients)
    {
        await using SqliteZoneStore store = await SqliteZoneStore.OpenAsync(Store);
        ILookup<DnsName, StoredRecord> records = (await store.LoadAsync(_account.Domain, CancellationToken.None)).Records.ToLookup(static item => item.Record.Name);
        foreach (ServerStoreClient client in clients)
        {
            for (int update = 0; update < client.Acknowledged.Count; update++)
            {
                (DateTimeOffset before, DateTimeOffset after) = client.Acknowledged[update];
                StoredRecord[] found = [.. records[client.NameOf(update)]];
                Assert.Equal([DnsType.A, DnsType.TXT, DnsType.AAAA], found.Select(static item => item.Record.Type).Order());
                Assert.All(found, item => Assert.InRange(item.LeaseEnd ?? default, before + ServerStoreClient.Lease, after + ServerStoreClient.Lease));
            }

            Assert.Empty(records[client.NameOf(client.Acknowledged.Count)]);
        }
    }

    private DaemonProcess Start() => DaemonProcess.Start(
        Path.Combine(AppContext.BaseDirectory, "btmmd"),
        ["zone", "--account", Path.Combine(_directory, "account"), "--listen", "127.0.0.1:0", "--store", Store, "--json"]);

    private static async Task<IPEndPoint> EndpointAsync(DaemonProcess server)
    {
        await server.WaitForLogAsync("\"zone-started\"", s_patience);
        await server.WaitUntilAsync(static daemon => Started(daemon) is not null, s_patience);
        using JsonDocument started = JsonDocument.Parse(Started(server)!);
        return IPEndPoint.Parse(started.RootElement.GetProperty("endpoints")[0].GetString()!);
    }

    private static string? Started(DaemonProcess daemon) =>
        daemon.Log.Split('\n').FirstOrDefault(static line => line.StartsWith('{') && line.TrimEnd().EndsWith('}') && line.Contains("\"zone-started\"", StringComparison.Ordinal));
}
