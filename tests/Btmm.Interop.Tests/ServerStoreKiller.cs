using System.Globalization;
using System.Net;
using System.Text.Json;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>
/// <c>btmmd zone --store</c> under a load of updates, killed at random moments and started again: after each start every
/// update that was acknowledged must be there, and none may be half there.
/// </summary>
internal sealed class ServerStoreKiller : IDisposable
{
    internal const int Kills = 50;

    private const int Clients = 8;
    private const int LongestRun = 200; // milliseconds under load before a kill
    private const int MaxRecords = 1_000_000; // a fast machine makes more than the default quota allows

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-store-").FullName;
    private readonly BtmmAccount _account = BtmmAccount.Create(DnsName.Parse(ServerFixture.Domain), SystemRandomSource.Instance);
    private readonly ServerStoreClient[] _clients;

    internal ServerStoreKiller() => _clients = [.. Enumerable.Range(0, Clients).Select(NewClient)];

    internal DnsName Zone => _account.Domain;

    /// <summary>A place for a store's file.</summary>
    internal string StoreFile => Path.Combine(_directory, "zones.db");

    public void Dispose()
    {
        _account.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    internal ServerStoreClient NewClient(int number) => new(_account.Domain, _account.UpdateKey, number);

    /// <summary>Starts a server on a store.</summary>
    internal async Task<DaemonProcess> StartAsync(string store, string label)
    {
        string account = Path.Combine(_directory, "account");
        if (!File.Exists(account)) await AccountFile.SaveAsync(_account, account);
        return DaemonProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "btmmd"),
            ["zone", "--account", account, "--listen", "127.0.0.1:0", "--store", store, "--max-records", $"{MaxRecords}", "--label", label, "--json"]);
    }

    /// <summary>Kills a server on a store again and again.</summary>
    internal async Task RunAsync(string store, string label)
    {
        int seed = Environment.GetEnvironmentVariable("BTMM_SEED") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed} (BTMM_SEED={seed} repeats the moments)");
        var random = new Random(seed);
        int[] from = new int[Clients];
        for (int kill = 0; kill < Kills; kill++)
        {
            using DaemonProcess server = await StartAsync(store, label);
            IPEndPoint endpoint = await EndpointAsync(server);
            await Task.WhenAll(_clients.Select((client, i) => client.CheckAsync(endpoint, from[i])));
            from = [.. _clients.Select(static client => client.Acknowledged.Count)];
            var firstAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var gone = new CancellationTokenSource();
            Task[] load = [.. _clients.Select(client => client.RunAsync(endpoint, firstAnswer, gone.Token))];
            Task first = await Task.WhenAny([firstAnswer.Task, .. load]).WaitAsync(s_patience);
            Assert.False(first.IsFaulted, $"{first.Exception}\n{server.Log}");
            await Task.Delay(random.Next(LongestRun));
            server.Kill();
            await gone.CancelAsync(); // a datagram that the dead server had not read makes no error
            await Task.WhenAll(load);
        }

        using (DaemonProcess server = await StartAsync(store, label))
        {
            IPEndPoint endpoint = await EndpointAsync(server);
            await Task.WhenAll(_clients.Select((client, i) => client.CheckAsync(endpoint, from[i])));
            server.Kill();
        }

        int updates = _clients.Sum(static client => client.Acknowledged.Count);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} kills, {updates} updates of {Clients} clients");
        Assert.True(updates > Kills);
    }

    /// <summary>All updates once more, from the store itself: restarts must neither have lost old ones nor prolonged their leases.</summary>
    /// <param name="stored">What is in the store.</param>
    /// <param name="tolerance">How exactly the store's clock can be read.</param>
    /// <param name="others">Clients of other servers.</param>
    internal void Check(IReadOnlyList<StoredRecord> stored, TimeSpan tolerance, params IEnumerable<ServerStoreClient> others)
    {
        ILookup<DnsName, StoredRecord> records = stored.ToLookup(static item => item.Record.Name);
        foreach (ServerStoreClient client in _clients.Concat(others))
        {
            for (int update = 0; update < client.Acknowledged.Count; update++)
            {
                (DateTimeOffset before, DateTimeOffset after) = client.Acknowledged[update];
                StoredRecord[] found = [.. records[client.NameOf(update)]];
                Assert.Equal([DnsType.A, DnsType.TXT, DnsType.AAAA], found.Select(static item => item.Record.Type).Order());
                Assert.All(found, item => Assert.InRange(item.LeaseEnd ?? default, before + ServerStoreClient.Lease - tolerance, after + ServerStoreClient.Lease + tolerance));
            }

            Assert.Empty(records[client.NameOf(client.Acknowledged.Count)]);
        }
    }

    /// <summary>Where a server answers, once it does.</summary>
    internal static async Task<IPEndPoint> EndpointAsync(DaemonProcess server)
    {
        await server.WaitForLogAsync("\"zone-started\"", s_patience);
        await server.WaitUntilAsync(static daemon => Started(daemon) is not null, s_patience);
        using JsonDocument started = JsonDocument.Parse(Started(server)!);
        return IPEndPoint.Parse(started.RootElement.GetProperty("endpoints")[0].GetString()!);
    }

    private static string? Started(DaemonProcess daemon) =>
        daemon.Log.Split('\n').FirstOrDefault(static line => line.StartsWith('{') && line.TrimEnd().EndsWith('}') && line.Contains("\"zone-started\"", StringComparison.Ordinal));
}
