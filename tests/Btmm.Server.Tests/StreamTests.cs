using System.Net;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>Connections by TCP and TLS over real loopback sockets: order, ends, limits, and time on a clock that stands still until told (RFC 7766).</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private readonly BtmmAccount _account = TestZones.NewAccount();
    private readonly GatedStore _store = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private ZoneService? _service;

    private ZoneService Service => _service ?? throw new InvalidOperationException();

    public ValueTask InitializeAsync() => StartAsync(new ZoneServiceLimits());

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _account.Dispose();
        _store.Dispose();
    }

    [Theory]
    [Trait("rfc", "7766§6.2.1.1")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Update_ThatWaitsForTheDisk_IsOvertakenByTheQueriesBehindIt(bool tls)
    {
        await using StreamClient client = await ConnectAsync(tls);
        _store.IsClosed = true;
        await client.SendAsync(StreamClient.Update(1, _account.UpdateKey), StreamClient.Query(2), StreamClient.Query(3));
        Assert.Equal(2, (await client.ReceiveAsync())!.Id);
        Assert.Equal(3, (await client.ReceiveAsync())!.Id);
        await _store.ArrivalAsync();
        _store.Release();
        DnsMessage update = (await client.ReceiveAsync())!;
        Assert.Equal((1, DnsRcode.NoError), (update.Id, update.Rcode));
    }

    [Fact]
    public async Task Updates_BeyondTheLimitOfOneConnection_WaitAndAreAllAnswered()
    {
        await RestartAsync(new ZoneServiceLimits { MaxRequestsPerConnection = 2 });
        await using StreamClient client = await ConnectAsync(tls: false);
        _store.IsClosed = true;
        await client.SendAsync([.. Enumerable.Range(1, 5).Select(id => StreamClient.Update((ushort)id, _account.UpdateKey)), StreamClient.Query(6)]);
        await _store.ArrivalAsync();
        await using StreamClient other = await ConnectAsync(tls: false);
        await other.SendAsync(StreamClient.Query(9));
        Assert.Equal(9, (await other.ReceiveAsync())!.Id);
        _store.IsClosed = false;
        _store.Release();
        var ids = new List<int>();
        for (int i = 0; i < 6; i++)
            ids.Add((await client.ReceiveAsync())!.Id);
        Assert.Equal(Enumerable.Range(1, 6), ids.Order());
    }

    [Theory]
    [Trait("rfc", "7766§6.2.4")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_ThatEndsItsSide_StillGetsItsAnswers(bool tls)
    {
        await using StreamClient client = await ConnectAsync(tls);
        _store.IsClosed = true;
        await client.SendAsync(StreamClient.Update(1, _account.UpdateKey), StreamClient.Query(2));
        await _store.ArrivalAsync();
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(2, (await client.ReceiveAsync())!.Id);
        _store.Release();
        Assert.Equal(1, (await client.ReceiveAsync())!.Id);
        Assert.True(await client.EndsInOrderAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_WithAnUpdateUnderWay_AnswersItAndEndsInOrder(bool tls)
    {
        await using StreamClient client = await ConnectAsync(tls);
        _store.IsClosed = true;
        await client.SendAsync(StreamClient.Update(1, _account.UpdateKey));
        await _store.ArrivalAsync();
        Task stopping = Service.StopAsync();
        _store.Release();
        Assert.Equal(DnsRcode.NoError, (await client.ReceiveAsync())!.Rcode);
        Assert.True(await client.EndsInOrderAsync());
        await client.DisposeAsync();
        await stopping;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_ThatSendsAByteASecond_LosesItsPlaceAtTheDeadlineOfTheMessage(bool tls)
    {
        await using StreamClient slow = await ConnectAsync(tls);
        byte[] message = StreamClient.Framed(ServerHarness.Query(TestZones.Alice, DnsType.SOA, new EdnsInfo(new UnknownOption(12, new byte[500]))).ToArray());
        int sent = 0;
        await Eventually.HoldsAsync(EndsAfterAnotherByte, "its place is free");
        Assert.True(sent is >= 10 and <= 30, $"{sent} bytes; {string.Join(' ', Service.Counters())}");
        Assert.False(await slow.EndsInOrderAsync());
        Assert.Equal(1, Service.Counters()["ConnectionsTooSlow"]);

        // The real time between two looks is for the server to hear the byte before the clock moves on.
        bool EndsAfterAnotherByte()
        {
            if (sent > 0 && Service.GetStatus().Connections == 0)
                return true;
            _time.Advance(TimeSpan.FromSeconds(1));
            try
            {
                slow.Stream.Write(message, sent++, 1);
            }
            catch (IOException)
            {
                // The server has just ended the connection, and is about to count it out.
            }

            return false;
        }
    }

    [Fact]
    [Trait("rfc", "7766§6.2.3")]
    public async Task Client_ThatIsIdle_IsLetGoInOrderAfterTheTime()
    {
        await using StreamClient client = await ConnectAsync(tls: false);
        for (ushort id = 1; id <= 3; id++)
        {
            await client.SendAsync(StreamClient.Query(id));
            Assert.Equal(id, (await client.ReceiveAsync())!.Id);
            _time.Advance(TimeSpan.FromSeconds(29));
        }

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await client.EndsInOrderAsync());
    }

    [Fact]
    [Trait("rfc", "7828§3.3.2")]
    public async Task Client_ThatAsksHowLongItMayBeIdle_IsTold()
    {
        await using StreamClient client = await ConnectAsync(tls: false);
        await client.SendAsync(ServerHarness.Query(TestZones.Alice, DnsType.SOA, new EdnsInfo(new UnknownOption(11, Array.Empty<byte>()))).ToArray());
        UnknownOption option = Assert.IsType<UnknownOption>(Assert.Single((await client.ReceiveAsync())!.Edns!.Options, static item => item.Code == 11));
        Assert.Equal([1, 44], option.Data.ToArray()); // 300 tenths of a second
        await client.SendAsync(StreamClient.Query(2));
        Assert.DoesNotContain((await client.ReceiveAsync())!.Edns?.Options ?? [], static item => item.Code == 11);
    }

    [Fact]
    public async Task Client_WhoseUpdateWaits_IsNotIdle()
    {
        await using StreamClient client = await ConnectAsync(tls: false);
        _store.IsClosed = true;
        await client.SendAsync(StreamClient.Update(1, _account.UpdateKey));
        await _store.ArrivalAsync();
        _time.Advance(TimeSpan.FromMinutes(2));
        _store.Release();
        Assert.Equal(1, (await client.ReceiveAsync())!.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Message_OfFullLength_IsAnswered(bool tls)
    {
        await using StreamClient client = await ConnectAsync(tls);
        DnsMessage Padded(int padding) => ServerHarness.Query(TestZones.Alice, DnsType.SOA, new EdnsInfo(new UnknownOption(12, new byte[padding])));
        byte[] message = Padded(DnsMessage.MaxSize - Padded(0).ToArray().Length).ToArray();
        Assert.Equal(65_535, message.Length);
        await client.SendAsync(message, StreamClient.Query(2));
        Assert.Equal(0, (await client.ReceiveAsync())!.Id);
        Assert.Equal(2, (await client.ReceiveAsync())!.Id);
    }

    [Fact]
    public async Task Connections_OfOneClient_AreCountedOverAllListeners()
    {
        await RestartAsync(new ZoneServiceLimits { MaxConnectionsPerClient = 2 });
        await using StreamClient one = await ConnectAsync(tls: false);
        await one.SendAsync(StreamClient.Query(1));
        Assert.NotNull(await one.ReceiveAsync());
        await using StreamClient two = await ConnectAsync(tls: true);
        await using StreamClient three = await ConnectAsync(tls: false);
        Assert.Null(await three.ReceiveAsync());
        await two.SendAsync(StreamClient.Query(2));
        Assert.Equal(2, (await two.ReceiveAsync())!.Id);
    }

    [Fact]
    public async Task Flood_FromOneClient_LeavesRoomForOthers()
    {
        await RestartAsync(new ZoneServiceLimits { MaxConnections = 40, MaxConnectionsPerClient = 8 });
        var flood = new List<StreamClient>();
        for (int i = 0; i < 200; i++)
            flood.Add(await StreamClient.ConnectAsync(Service.Endpoints[0]));
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 8, () => $"{Service.GetStatus().Connections} connections");
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await other.ConnectAsync(Service.Endpoints[0]);
        await other.SendAsync(StreamClient.Framed(StreamClient.Query(1)));
        Assert.True(await other.ReceiveAsync(new byte[512]) > 12);
        foreach (StreamClient item in flood)
            await item.DisposeAsync();
    }

    private Task<StreamClient> ConnectAsync(bool tls) =>
        tls ? StreamClient.ConnectTlsAsync(Service.TlsEndpoints[0]) : StreamClient.ConnectAsync(Service.Endpoints[0]);

    private async ValueTask StartAsync(ZoneServiceLimits limits)
    {
        _service = new ZoneService(TestZones.Options(_account) with
        {
            Limits = limits, TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Store = _store, TimeProvider = _time,
        });
        await _service.StartAsync();
    }

    private async Task RestartAsync(ZoneServiceLimits limits)
    {
        await Service.DisposeAsync();
        await StartAsync(limits);
    }
}
