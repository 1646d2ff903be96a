using System.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Server;

namespace Btmm.Daemon;

/// <summary><c>btmmd zone</c>: serves accounts' domains, and the zones of its store, until it is told to stop.</summary>
internal static class ZoneCommand
{
    // How soon a failure of the store is told.
    private static readonly TimeSpan s_storeInterval = TimeSpan.FromSeconds(1);

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, CancellationToken stop)
    {
        var given = new ZoneArguments(arguments);
        var accounts = new List<BtmmAccount>();
        try
        {
            foreach (string path in given.Accounts) accounts.Add(await AccountFile.LoadAsync(path, stop).ConfigureAwait(false));
            await ServeAsync(given.ToOptions(accounts), new EventPrinter(output, given.IsJson), stop).ConfigureAwait(false);
            return ExitCode.Success;
        }
        finally
        {
            accounts.ForEach(account => account.Dispose());
        }
    }

    private static async Task ServeAsync(ZoneHostOptions options, EventPrinter printer, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        bool storeFailed = false;
        ZoneHost host = await ZoneHost.StartAsync(options, stop).ConfigureAwait(false);
        await using (host.ConfigureAwait(false))
        {
            ZoneService service = host.Service;
            PrintStart(host, printer, start);
            while (!stop.IsCancellationRequested && !service.Completion.IsCompleted)
            {
                await Task.WhenAny(service.Completion, Task.Delay(s_storeInterval, stop)).ConfigureAwait(false);
                storeFailed = Report(service.Store, storeFailed, printer, start);
            }

            if (!stop.IsCancellationRequested) await service.Completion.ConfigureAwait(false);
            ServiceManager.Stopping();
            printer.Print("stopping", Stopwatch.GetElapsedTime(start), "Closing the zone service.");
            await host.DisposeAsync().ConfigureAwait(false);
            printer.Print("stopped", Stopwatch.GetElapsedTime(start), "Everything is closed.");
        }
    }

    private static void PrintStart(ZoneHost host, EventPrinter printer, long start)
    {
        ZoneService service = host.Service;
        string[] zones = [.. service.GetStatus().Zones.Select(zone => zone.Apex.ToString())];
        string[] endpoints = [.. service.Endpoints.Concat(service.LongLivedQueryEndpoints).Distinct().Select(endpoint => endpoint.ToString())];
        string[] tls = [.. service.TlsEndpoints.Select(endpoint => endpoint.ToString())];
        string what = zones.Length is > 0 and <= 5 ? string.Join(", ", zones) : $"{zones.Length} zones";
        string message = $"Serving {what} on {string.Join(", ", endpoints)}{(tls.Length == 0 ? "" : $", by TLS on {string.Join(", ", tls)}")}.";
        ServiceManager.Ready(message);
        printer.Print("zone-started", Stopwatch.GetElapsedTime(start), message, writer =>
        {
            writer.WriteStartArray("endpoints");
            foreach (string endpoint in endpoints) writer.WriteStringValue(endpoint);
            writer.WriteEndArray();
            writer.WriteStartArray("tls");
            foreach (string endpoint in tls) writer.WriteStringValue(endpoint);
            writer.WriteEndArray();
            if (host.ControlPath is { } path) writer.WriteString("control", path);
        });
    }

    private static bool Report(ZoneStoreStatus store, bool failedBefore, EventPrinter printer, long start)
    {
        if (store.Failure is { } failure && !failedBefore)
        {
            printer.Print("store-failed", Stopwatch.GetElapsedTime(start), $"Updates are refused, queries are answered: {failure}");
            ServiceManager.Status($"The store fails: {failure}");
        }

        if (!store.IsFailing && failedBefore)
        {
            printer.Print("store-recovered", Stopwatch.GetElapsedTime(start), "Updates are taken again.");
            ServiceManager.Status("Updates are taken again.");
        }

        return store.IsFailing;
    }
}
