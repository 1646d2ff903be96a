using System.Diagnostics;
using System.Net;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Server;
using Btmm.Server.Storage;

namespace Btmm.Daemon;

/// <summary><c>btmmd zone</c>: serves accounts' domains until it is told to stop.</summary>
internal static class ZoneCommand
{
    private const int DnsPort = 53;
    private const int LongLivedQueryPort = 5352;
    private const int StunPort = 3478;
    private const int MaxWorkers = 256;

    // Answers of all kinds that one network may get for each of one kind.
    private const int KindsAtATime = 20;
    private const int MaxRate = 50_000;

    // How soon a failure of the store is told.
    private static readonly TimeSpan s_storeInterval = TimeSpan.FromSeconds(1);

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, CancellationToken stop)
    {
        CommandLine line = CommandLine.Parse(arguments, ["--store", "--label", "--workers", "--rate-limit"], ["--account", "--listen", "--llq", "--stun", "--address"], ["--public", "--json"]);
        IReadOnlyList<string> paths = line.RequireAll("--account");
        IPEndPoint[] endpoints = [.. line.RequireAll("--listen").Select(text => CommandLine.ParseEndpoint(text, DnsPort))];
        var accounts = new List<BtmmAccount>();
        IDurableZoneStore? store = null;
        try
        {
            if (line.Get("--store") is { } text) store = await StoreOpener.OpenAsync(text, stop).ConfigureAwait(false);
            foreach (string path in paths) accounts.Add(await AccountFile.LoadAsync(path, stop).ConfigureAwait(false));
            var options = new ZoneServiceOptions
            {
                Endpoints = endpoints,
                LongLivedQueryEndpoints = [.. line.All("--llq").Select(text => CommandLine.ParseEndpoint(text, LongLivedQueryPort))],
                Zones = [.. accounts.Select(account => ZoneOptions.ForAccount(account) with { IsPublic = line.Has("--public") })],
                StunEndpoints = [.. line.All("--stun").Select(text => CommandLine.ParseEndpoint(text, StunPort))],
                PublicAddresses = [.. line.All("--address").Select(ParseAddress)],
                ServerLabel = line.Get("--label"),
                Store = store,
                DatagramServers = DatagramServerFactory.Instance,
                RateLimit = ParseRateLimit(line.GetInteger("--rate-limit", 0, MaxRate)),
                UdpWorkers = line.GetInteger("--workers", 1, MaxWorkers) ?? 0,
            };
            await ServeAsync(options, new EventPrinter(output, line.Has("--json")), stop).ConfigureAwait(false);
            return ExitCode.Success;
        }
        finally
        {
            if (store is not null) await store.DisposeAsync().ConfigureAwait(false);
            accounts.ForEach(account => account.Dispose());
        }
    }

    private static async Task ServeAsync(ZoneServiceOptions options, EventPrinter printer, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        bool storeFailed = false;
        var service = new ZoneService(options);
        await using (service.ConfigureAwait(false))
        {
            await service.StartAsync(stop).ConfigureAwait(false);
            string zones = string.Join(", ", options.Zones.Select(zone => zone.Apex));
            string[] endpoints = [.. service.Endpoints.Concat(service.LongLivedQueryEndpoints).Distinct().Select(endpoint => endpoint.ToString())];
            printer.Print("zone-started", Stopwatch.GetElapsedTime(start), $"Serving {zones} on {string.Join(", ", endpoints)}.", writer =>
            {
                writer.WriteStartArray("endpoints");
                foreach (string endpoint in endpoints) writer.WriteStringValue(endpoint);
                writer.WriteEndArray();
            });
            while (!stop.IsCancellationRequested && !service.Completion.IsCompleted)
            {
                await Task.WhenAny(service.Completion, Task.Delay(s_storeInterval, stop)).ConfigureAwait(false);
                storeFailed = Report(service.Store, storeFailed, printer, start);
            }

            if (!stop.IsCancellationRequested) await service.Completion.ConfigureAwait(false);
            printer.Print("stopping", Stopwatch.GetElapsedTime(start), "Closing the zone service.");
            await service.StopAsync().ConfigureAwait(false);
            printer.Print("stopped", Stopwatch.GetElapsedTime(start), "Everything is closed.");
        }
    }

    private static bool Report(ZoneStoreStatus store, bool failedBefore, EventPrinter printer, long start)
    {
        if (store.Failure is { } failure && !failedBefore)
            printer.Print("store-failed", Stopwatch.GetElapsedTime(start), $"Updates are refused, queries are answered: {failure}");
        if (!store.IsFailing && failedBefore) printer.Print("store-recovered", Stopwatch.GetElapsedTime(start), "Updates are taken again.");
        return store.IsFailing;
    }

    private static RateLimit? ParseRateLimit(int? rate) => rate switch
    {
        null => new RateLimit(),
        0 => null,
        { } one => new RateLimit { AnswersPerSecond = one, AllPerSecond = one * KindsAtATime },
    };

    private static IPAddress ParseAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new UsageException($"\"{text}\" is no address");
}
