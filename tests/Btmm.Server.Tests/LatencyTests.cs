using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;

namespace Btmm.Server.Tests;

/// <summary>How long answers take: the buckets, and what a running service tells of them.</summary>
public sealed class LatencyTests
{
    private const int Seed = 99;

    [Theory]
    [InlineData(1L)]
    [InlineData(900L)]
    [InlineData(1_000_000L)]
    [InlineData(60_000_000_000L)]
    public void Quantiles_OfManyValues_AreAnEighthOffAtMost(long largest)
    {
        var random = new Random(Seed);
        var histogram = new LatencyHistogram();
        long[] values = [.. Enumerable.Range(0, 10_000).Select(_ => random.NextInt64(largest + 1))];
        foreach (long value in values)
            histogram.Add(value, 1);
        Array.Sort(values);
        long[] sum = LatencyHistogram.NewSum();
        histogram.AddTo(sum);
        LatencyQuantiles quantiles = LatencyHistogram.Quantiles(sum);
        Assert.Equal(10_000, quantiles.Count);
        foreach ((int percent, TimeSpan got) in new[] { (50, quantiles.P50), (90, quantiles.P90), (99, quantiles.P99) })
        {
            long exact = values[(values.Length * percent / 100) - 1];
            Assert.InRange(got.TotalNanoseconds, exact, (exact * 1.125) + 200);
        }
    }

    [Fact]
    public void Histogram_OfOddValues_CountsThemAtItsEnds()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(-5, 1);
        histogram.Add(long.MaxValue, 3);
        long[] sum = LatencyHistogram.NewSum();
        histogram.AddTo(sum);
        LatencyQuantiles quantiles = LatencyHistogram.Quantiles(sum);
        Assert.Equal(4, quantiles.Count);
        Assert.True(quantiles.P50 > TimeSpan.FromMinutes(15));
        Assert.Equal(new LatencyQuantiles(0, default, default, default), LatencyHistogram.Quantiles(LatencyHistogram.NewSum()));
    }

    [Fact]
    public async Task Handler_OfRequests_NotesHowLongEachOpcodeTook()
    {
        using var server = new ServerHarness();
        await server.QueryAsync(server.Apex, DnsType.SOA);
        await server.AddAsync(Records.A(server.Name("studio"), "192.0.2.1"));
        IReadOnlyDictionary<string, LatencyQuantiles> latency = server.Metrics.Latency.Read();
        Assert.Equal(["Query", "Update"], latency.Keys.Order());
        Assert.Equal((1, 1), (latency["Query"].Count, latency["Update"].Count));
    }

    [Fact]
    public async Task Service_AfterAQueryByDatagram_TellsItsLatency()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account));
        await service.StartAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 30_000 };
        await socket.ConnectAsync(service.Endpoints[0]);
        byte[] query = ServerHarness.Query(account.Domain, DnsType.SOA).ToArray();
        byte[] buffer = new byte[1500];

        // The second answer follows what was noted of the first.
        for (int i = 0; i < 2; i++)
        {
            socket.Send(query);
            socket.Receive(buffer);
        }

        LatencyQuantiles told = service.GetStatus().Latency["Query"];
        Assert.InRange(told.Count, 1, 2);
        Assert.True(told.P50 > TimeSpan.Zero && told.P50 <= told.P90 && told.P90 <= told.P99);
        double p99 = (await service.Administration.GetServerAsync(CancellationToken.None)).Latency["Query.p99"];
        Assert.True(p99 > 0);

        // Other tests' services publish under the same name, so only the form can be checked.
        var tags = new HashSet<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument is { Meter.Name: "Btmm.Server", Name: "btmm.server.latency" })
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, pairs, _) =>
        {
            if (value > 0 && pairs[0].Value is "Query")
                tags.Add((string)pairs[1].Value!);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(["p50", "p90", "p99"], tags.Order());
    }
}
