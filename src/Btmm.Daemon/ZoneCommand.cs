using System.Diagnostics;
using System.Net;
using Btmm.Core.SignOn;
using Btmm.Server;

namespace Btmm.Daemon;

/// <summary><c>btmmd zone</c>: serves accounts' domains until it is told to stop.</summary>
internal static class ZoneCommand
{
    private const int DnsPort = 53;
    private const int LongLivedQueryPort = 5352;

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, CancellationToken stop)
    {
        CommandLine line = CommandLine.Parse(arguments, [], ["--account", "--listen", "--llq", "--address"], ["--json"]);
        IReadOnlyList<string> paths = line.RequireAll("--account");
        IPEndPoint[] endpoints = [.. line.RequireAll("--listen").Select(text => CommandLine.ParseEndpoint(text, DnsPort))];
        var accounts = new List<BtmmAccount>();
        try
        {
            foreach (string path in paths) accounts.Add(await AccountFile.LoadAsync(path, stop).ConfigureAwait(false));
            var options = new ZoneServiceOptions
            {
                Endpoints = endpoints,
                LongLivedQueryEndpoints = [.. line.All("--llq").Select(text => CommandLine.ParseEndpoint(text, LongLivedQueryPort))],
                Zones = [.. accounts.Select(ZoneOptions.ForAccount)],
                PublicAddresses = [.. line.All("--address").Select(ParseAddress)],
            };
            await ServeAsync(options, new EventPrinter(output, line.Has("--json")), stop).ConfigureAwait(false);
            return ExitCode.Success;
        }
        finally
        {
            accounts.ForEach(account => account.Dispose());
        }
    }

    private static async Task ServeAsync(ZoneServiceOptions options, EventPrinter printer, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
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
            Task stopped = Task.Delay(Timeout.Infinite, stop);
            Task first = await Task.WhenAny(stopped, service.Completion).ConfigureAwait(false);
            if (first != stopped) await service.Completion.ConfigureAwait(false);
            printer.Print("stopping", Stopwatch.GetElapsedTime(start), "Closing the zone service.");
            await service.StopAsync().ConfigureAwait(false);
            printer.Print("stopped", Stopwatch.GetElapsedTime(start), "Everything is closed.");
        }
    }

    private static IPAddress ParseAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new UsageException($"\"{text}\" is no address");
}
