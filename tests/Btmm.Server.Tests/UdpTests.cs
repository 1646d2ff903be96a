using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>The UDP listeners over real loopback sockets.</summary>
public sealed class UdpTests
{
    private const int Seed = 768;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Service_AfterAFloodOfNoise_StillAnswersOnAllSockets()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account) with { LongLivedQueryEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await service.StartAsync();
        var random = new Random(Seed);
        foreach (IPEndPoint endpoint in service.Endpoints.Concat(service.LongLivedQueryEndpoints))
        {
            using Socket noise = await ConnectAsync(endpoint);
            for (int i = 0; i < 3000; i++)
            {
                byte[] datagram = new byte[random.Next(0, 600)];
                random.NextBytes(datagram);
                await noise.SendAsync(datagram);
            }

            Assert.Equal(DnsRcode.NoError, (await AskAsync(endpoint, account.Domain)).Rcode);
        }

        Assert.False(service.Completion.IsCompleted);
        ZoneServiceStatus status = service.GetStatus();
        Assert.True(status.Counters.Malformed > 0);
        Assert.Equal(0, status.LongLivedQueries);
    }

    [Fact]
    public async Task Meter_OfTheService_ShowsItsCounters()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account));
        await service.StartAsync();
        await AskAsync(service.Endpoints[0], account.Domain);
        Assert.True(service.GetStatus().Counters.Queries >= 1);

        // Other tests' services publish under the same name, so the sum is at least ours.
        long queries = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument is { Meter.Name: "Btmm.Server", Name: "btmm.server.queries" })
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => queries += value);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.True(queries >= 1);
    }

    [Fact]
    public async Task Stop_WithUpdatesUnderWay_AnswersThemFirst()
    {
        using BtmmAccount account = TestZones.NewAccount();
        using var store = new GatedStore();
        await using var service = new ZoneService(TestZones.Options(account) with { Store = store });
        await service.StartAsync();
        using Socket socket = await ConnectAsync(service.Endpoints[0]);
        store.IsClosed = true;
        byte[] buffer = new byte[1500];
        DnsMessage update = ServerHarness.Update(account.Domain, [Records.A(account.Domain.Prepend("studio"), "192.0.2.1")]) with { Id = 9 };
        Assert.True(update.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(account.UpdateKey);
        Assert.True(tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length));
        await socket.SendAsync(buffer.AsMemory(0, length));
        await store.ArrivalAsync();

        Task stopping = service.StopAsync();
        Assert.False(stopping.IsCompleted);
        store.Release();
        using var patience = new CancellationTokenSource(s_patience);
        length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
        Assert.Equal((9, DnsRcode.NoError), (reply.Id, reply.Rcode));
        await stopping;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint endpoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(endpoint);
        return socket;
    }

    // Asks again now and then: a socket's buffer may be full of noise.
    private static async Task<DnsMessage> AskAsync(IPEndPoint endpoint, DnsName name)
    {
        using Socket socket = await ConnectAsync(endpoint);
        byte[] query = (ServerHarness.Query(name, DnsType.SOA) with { Id = 4711 }).ToArray();
        byte[] buffer = new byte[1500];
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            await socket.SendAsync(query, patience.Token);
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            wait.CancelAfter(TimeSpan.FromSeconds(2));
            try
            {
                int length = await socket.ReceiveAsync(buffer, wait.Token);
                Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
                return reply;
            }
            catch (OperationCanceledException) when (!patience.IsCancellationRequested)
            {
                continue;
            }
        }
    }
}
