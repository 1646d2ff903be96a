using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Benchmarks;

/// <summary>
/// <c>btmm-bench push [CONNECTIONS...]</c>: 10,000 DNS Push subscriptions on so many TLS connections (100 and 1,000) to a server process
/// of its own: how much memory they take, and how soon after an update was sent the 1,000 subscriptions are told that it concerns
/// (medians of 20 changes of the median and the 99th percentile of each, and the longest of all), in how many messages, and what an
/// update takes that nobody watches. Prints a table and one line of JSON.
/// </summary>
internal static class PushSpeed
{
    private const int Subscriptions = 10_000;
    private const int Told = 1000;
    private const int Rounds = 20;
    private const int Unwatched = 500;
    private const int ConnectionsAtATime = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    internal static async Task<int> RunAsync(string[] arguments)
    {
        int[] all = arguments.Length == 0 ? [100, 1000] : [.. arguments.Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        var curve = new List<Figures>();
        Print($"{"connections",11} {"subscriptions",13} {"RSS MB",7} {"KB/conn",8} {"set-up/s",9} {"told",5} {"messages",9} {"p50 ms",7} {"p99 ms",7} {"max ms",7} {"CPU us/message",15} {"unwatched update us",20}");
        foreach (int connections in all)
        {
            Figures figures = await MeasureAsync(connections);
            curve.Add(figures);
            Print($"{figures.Connections,11} {figures.Subscriptions,13} {figures.RssMb,7:F0} {figures.KbEach,8:F1} {figures.SetupsPerSecond,9:F0} {figures.Told,5} {figures.Messages,9:F0} {figures.P50Ms,7:F1} {figures.P99Ms,7:F1} {figures.MaxMs,7:F1} {figures.CpuUsPerMessage,15:F1} {figures.UnwatchedUs,20:F0}");
        }

        Console.WriteLine(JsonSerializer.Serialize(new { Curve = curve }, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower }));
        return 0;
    }

    private static async Task<Figures> MeasureAsync(int connections)
    {
        using PushSpeedServer server = await PushSpeedServer.StartAsync();
        using var changer = new LlqSpeedClient(IPAddress.Loopback, server.Clear, server.Key);
        await using (await PushSpeedClient.ConnectAsync(server.Tls, server.Key, Questions(0, connections)))
            await UpdateUnwatchedAsync(changer); // warms the server's code up
        long before = server.Process.ResidentBytes;
        var clients = new PushSpeedClient[connections];
        using var stop = new CancellationTokenSource();
        try
        {
            long start = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = ConnectionsAtATime }, async (i, _) =>
                clients[i] = await PushSpeedClient.ConnectAsync(server.Tls, server.Key, Questions(i, connections)));
            double rate = Subscriptions / Stopwatch.GetElapsedTime(start).TotalSeconds;
            long resident = server.Process.ResidentBytes;
            (int held, long pushes) = await server.CountAsync();
            if (held != Subscriptions)
                throw new InvalidOperationException($"The server holds {held}.");

            Task[] loops = [.. clients.Select(client => client.ListenAsync(stop.Token))];
            TimeSpan processor = server.Process.ProcessorTime;
            List<double[]> times = await TellAsync(changer, clients);
            processor = server.Process.ProcessorTime - processor;
            double messages = ((await server.CountAsync()).Pushes - pushes) / (double)(Rounds + 1);
            double unwatched = await UpdateUnwatchedAsync(changer);
            await stop.CancelAsync();
            await Task.WhenAll(loops);
            return new Figures(
                connections, held, resident / (1024.0 * 1024), (resident - before) / 1024.0 / connections, rate, Told, messages,
                Median(times.Select(static one => one[one.Length / 2])), Median(times.Select(static one => one[one.Length * 99 / 100])), times.Max(static one => one[^1]),
                processor.TotalMicroseconds / ((Rounds + 1) * messages), unwatched);
        }
        finally
        {
            foreach (PushSpeedClient client in clients.Where(static client => client is not null))
                await client.DisposeAsync();
        }
    }

    // Some names are watched on all connections, the others on one each.
    private static DnsQuestion[] Questions(int connection, int connections)
    {
        int shared = Told / connections;
        int own = (Subscriptions / connections) - shared;
        return
        [
            .. Enumerable.Range(0, shared).Select(static i => new DnsQuestion(Shared(i), DnsType.SRV)),
            .. Enumerable.Range(0, own).Select(i => new DnsQuestion(PushSpeedServer.Zone.PrependLabels($"_autotunnel._udp.host-{connection}-{i}"), DnsType.SRV)),
        ];
    }

    private static DnsName Shared(int number) => PushSpeedServer.Zone.PrependLabels($"_autotunnel._udp.shared-{number}");

    // Milliseconds from sending an update to all of it having arrived, of all connections, sorted, for each change.
    private static async Task<List<double[]>> TellAsync(LlqSpeedClient changer, PushSpeedClient[] clients)
    {
        var times = new List<double[]>();
        int shared = Told / clients.Length;
        for (int round = 0; round <= Rounds; round++)
        {
            foreach (PushSpeedClient client in clients)
                client.Changes = 0;
            var update = new DnsUpdateBuilder(PushSpeedServer.Zone);
            for (int i = 0; i < shared; i++)
                update = update.Replace(Shared(i), 120, new SrvData(0, 0, (ushort)(round + 1), PushSpeedServer.Zone));
            long sent = Stopwatch.GetTimestamp();
            await changer.AskAsync(update.Build(0));
            while (clients.Any(client => client.Changes < shared))
            {
                if (Stopwatch.GetElapsedTime(sent) > s_patience)
                    throw new InvalidOperationException($"{clients.Count(client => client.Changes < shared)} connections were not told.");
                await Task.Delay(5);
            }

            if (round > 0) // the first one warms up
                times.Add([.. clients.Select(client => Stopwatch.GetElapsedTime(sent, client.ToldAt).TotalMilliseconds).Order()]);
            await Task.Delay(100);
        }

        return times;
    }

    // The median of a lone update, microseconds.
    private static async Task<double> UpdateUnwatchedAsync(LlqSpeedClient changer)
    {
        var times = new List<double>();
        for (int i = 0; i < Unwatched; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await changer.AskAsync(new DnsUpdateBuilder(PushSpeedServer.Zone).Replace(PushSpeedServer.Zone.PrependLabels("quiet"), 60, new AData(new IPAddress([192, 0, 2, (byte)i]))).Build(0));
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return Median(times);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Figures(
        int Connections, int Subscriptions, double RssMb, double KbEach, double SetupsPerSecond, int Told, double Messages,
        double P50Ms, double P99Ms, double MaxMs, double CpuUsPerMessage, double UnwatchedUs);
}
