using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Benchmarks;

/// <summary>
/// <c>btmm-bench llq [HELD...]</c>: how much memory long-lived queries take in a server process of its own, how soon 1,000 watchers
/// of a record set are told of a change after its update was sent (medians of 20 changes of the median and the 99th percentile of
/// each, and the longest of all), all over UDP on loopback with signatures, and what an update takes that nobody watches. Prints a
/// table and one line of JSON.
/// </summary>
internal static class LlqSpeed
{
    private const int MaxWatchers = 1000;
    private const int Changes = 20;
    private const int Unwatched = 500;
    private const int QuestionsPerClient = 480;
    private const int QuestionsPerMessage = 8;
    private const int ClientsAtATime = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly int[] s_defaultHeld = [1000, 10_000, 100_000];

    private static DnsQuestion Watched => new(LlqSpeedServer.Zone.PrependLabels("_autotunnel._udp"), DnsType.PTR);

    internal static async Task<int> RunAsync(string[] arguments)
    {
        int[] all = arguments.Length == 0 ? s_defaultHeld : [.. arguments.Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        var curve = new List<Figures>();
        Print($"{"held",8} {"RSS MB",7} {"B each",7} {"set-up/s",9} {"watchers",9} {"p50 ms",7} {"p99 ms",7} {"max ms",7} {"CPU us/event",13} {"unwatched update us",20}");
        foreach (int held in all)
        {
            Figures figures = await MeasureAsync(held);
            curve.Add(figures);
            Print($"{figures.Held,8} {figures.RssMb,7:F0} {figures.BytesEach,7} {figures.SetupsPerSecond,9:F0} {figures.Watchers,9} {figures.P50Ms,7:F1} {figures.P99Ms,7:F1} {figures.MaxMs,7:F1} {figures.CpuUsPerEvent,13:F1} {figures.UnwatchedUs,20:F0}");
        }

        Figures last = curve[^1];
        Console.WriteLine(JsonSerializer.Serialize(
            new { last.Held, last.BytesEach, last.RssMb, last.Watchers, last.P99Ms, Curve = curve },
            new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower }));
        return 0;
    }

    private static async Task<Figures> MeasureAsync(int held)
    {
        using LlqSpeedServer server = await LlqSpeedServer.StartAsync();
        var clients = new List<LlqSpeedClient>();
        using var stop = new CancellationTokenSource();
        try
        {
            // Warms the server's code up with what follows, so that it does not count as the queries' memory.
            await HoldAsync(server, clients, 1, 480, "warm");
            await UpdateUnwatchedAsync(server, clients[0]);
            long before = server.Process.ResidentBytes;
            int already = await server.CountAsync();

            int watchers = Math.Min(MaxWatchers, held);
            long start = Stopwatch.GetTimestamp();
            (LlqSpeedClient Client, ulong Id)[] watching = await WatchAsync(server, clients, watchers);
            await HoldAsync(server, clients, 2, held - watchers, "host");
            double rate = held / Stopwatch.GetElapsedTime(start).TotalSeconds;
            long resident = server.Process.ResidentBytes;
            int count = await server.CountAsync() - already;
            if (count != held)
                throw new InvalidOperationException($"The server holds {count}.");

            Task[] loops = [.. watching.Select(item => item.Client.WatchAsync(Watched, item.Id, stop.Token))];
            TimeSpan processor = server.Process.ProcessorTime;
            List<double[]> times = await TellAsync(clients[0], watching);
            processor = server.Process.ProcessorTime - processor;
            double unwatched = await UpdateUnwatchedAsync(server, clients[0]);
            await stop.CancelAsync();
            await Task.WhenAll(loops);
            return new Figures(
                held, resident / (1024.0 * 1024), (int)((resident - before) / held), rate, watchers,
                Median(times.Select(static one => one[one.Length / 2])), Median(times.Select(static one => one[one.Length * 99 / 100])), times.Max(static one => one[^1]),
                processor.TotalMicroseconds / (Changes * watchers), unwatched);
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    // Each from another address, since a client asks the same only once.
    private static async Task<(LlqSpeedClient, ulong)[]> WatchAsync(LlqSpeedServer server, List<LlqSpeedClient> clients, int watchers)
    {
        var watching = new (LlqSpeedClient, ulong)[watchers];
        LlqSpeedClient[] fresh = [.. Enumerable.Range(0, watchers).Select(i => NewClient(server, 1, i))];
        clients.AddRange(fresh);
        await Parallel.ForAsync(0, watchers, new ParallelOptions { MaxDegreeOfParallelism = ClientsAtATime }, async (i, _) =>
            watching[i] = (fresh[i], (await fresh[i].EstablishAsync(Watched))[0]));
        return watching;
    }

    // Each query for another name, which is the most memory they can take.
    private static async Task HoldAsync(LlqSpeedServer server, List<LlqSpeedClient> clients, int net, int count, string prefix)
    {
        int needed = (count + QuestionsPerClient - 1) / QuestionsPerClient;
        LlqSpeedClient[] fresh = [.. Enumerable.Range(0, needed).Select(i => NewClient(server, net + 1, i))];
        clients.AddRange(fresh);
        await Parallel.ForAsync(0, needed, new ParallelOptions { MaxDegreeOfParallelism = ClientsAtATime }, async (i, _) =>
        {
            int end = Math.Min(count, (i + 1) * QuestionsPerClient);
            for (int first = i * QuestionsPerClient; first < end; first += QuestionsPerMessage)
            {
                await fresh[i].EstablishAsync([.. Enumerable.Range(first, Math.Min(QuestionsPerMessage, end - first))
                    .Select(number => new DnsQuestion(LlqSpeedServer.Zone.PrependLabels($"_autotunnel._udp.{prefix}-{number}"), DnsType.SRV))]);
            }
        });
    }

    private static LlqSpeedClient NewClient(LlqSpeedServer server, int net, int number) =>
        new(new IPAddress([127, (byte)net, (byte)(number >> 8), (byte)number]), server.EndPoint, server.Key);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    // Milliseconds from sending an update to the event's arrival, of all watchers, sorted, for each change.
    private static async Task<List<double[]>> TellAsync(LlqSpeedClient changer, (LlqSpeedClient Client, ulong Id)[] watching)
    {
        var times = new List<double[]>();
        for (int change = 0; change <= Changes; change++)
        {
            foreach ((LlqSpeedClient client, _) in watching)
                client.Told = 0;
            var data = new PtrData(LlqSpeedServer.Zone.PrependLabels($"_autotunnel._udp.studio-{change / 2}"));
            var update = new DnsUpdateBuilder(LlqSpeedServer.Zone);
            update = change % 2 == 0 ? update.Add(Watched.Name, 120, data) : update.Delete(Watched.Name, data);
            long sent = Stopwatch.GetTimestamp();
            await changer.AskAsync(update.Build(0));
            while (watching.Any(static item => item.Client.Told == 0))
            {
                if (Stopwatch.GetElapsedTime(sent) > s_patience)
                    throw new InvalidOperationException($"{watching.Count(static item => item.Client.Told == 0)} watchers were not told.");
                await Task.Delay(5);
            }

            if (change > 0) // the first one warms up
                times.Add([.. watching.Select(item => Stopwatch.GetElapsedTime(sent, item.Client.Told).TotalMilliseconds).Order()]);
            await Task.Delay(100);
        }

        return times;
    }

    // The median of a lone update, microseconds.
    private static async Task<double> UpdateUnwatchedAsync(LlqSpeedServer server, LlqSpeedClient changer)
    {
        var times = new List<double>();
        for (int i = 0; i < Unwatched; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await changer.AskAsync(new DnsUpdateBuilder(LlqSpeedServer.Zone).Replace(LlqSpeedServer.Zone.PrependLabels("quiet"), 60, new AData(new IPAddress([192, 0, 2, (byte)i]))).Build(0));
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return Median(times);
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Figures(
        int Held, double RssMb, int BytesEach, double SetupsPerSecond, int Watchers, double P50Ms, double P99Ms, double MaxMs, double CpuUsPerEvent, double UnwatchedUs);
}
