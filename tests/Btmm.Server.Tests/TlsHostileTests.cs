using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Btmm.Core.SignOn;
using Btmm.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>What must not hurt a TLS listener: garbage, handshakes without an end, protocols that nobody should speak.</summary>
public sealed class TlsHostileTests : IAsyncLifetime
{
    private readonly BtmmAccount _account = TestZones.NewAccount();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private ZoneService? _service;

    private ZoneService Service => _service ?? throw new InvalidOperationException();

    public async ValueTask InitializeAsync()
    {
        _service = new ZoneService(TestZones.Options(_account) with
        {
            Limits = new ZoneServiceLimits { MaxHandshakes = 4 }, TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)], TimeProvider = _time,
        });
        await _service.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _account.Dispose();
    }

    [Fact]
    public async Task Garbage_InsteadOfAHandshake_EndsThatConnectionOnly()
    {
        var random = new Random(853);
        byte[] hello = await CaptureHelloAsync();
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = [.. hello];
            if (i % 3 == 0)
                random.NextBytes(bytes);
            for (int k = random.Next(1, 6); k > 0; k--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await using StreamClient client = await StreamClient.ConnectAsync(Service.TlsEndpoints[0]);
            await client.Stream.WriteAsync(bytes.AsMemory(0, random.Next(1, bytes.Length + 1)));
            client.Socket.Shutdown(SocketShutdown.Send);
            await DrainAsync(client);
        }

        await AssertServedAsync();
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 0, "no place is lost");
        Assert.Equal(0, Service.Counters()["RequestsFailed"]);
    }

    [Fact]
    public async Task Garbage_AfterTheHandshake_EndsThatConnectionOnly()
    {
        await using StreamClient client = await StreamClient.ConnectTlsAsync(Service.TlsEndpoints[0]);
        await client.SendAsync(StreamClient.Query(1));
        Assert.NotNull(await client.ReceiveAsync());
        await client.Socket.SendAsync(new byte[] { 0x17, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 });
        await Assert.ThrowsAnyAsync<Exception>(async () => Assert.NotNull(await client.ReceiveAsync()));
        await AssertServedAsync();
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 0, "its place is free");
        Assert.Equal(0, Service.Counters()["RequestsFailed"]);
    }

    [Fact]
    public async Task Handshake_WithoutAnEnd_LosesItsPlaceAfterTheTime()
    {
        await using StreamClient client = await StreamClient.ConnectAsync(Service.TlsEndpoints[0]);
        await client.Stream.WriteAsync((await CaptureHelloAsync()).AsMemory(0, 20));
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 1, "it is connected");
        await Eventually.HoldsAsync(EndsAfterASecond, "its place is free");
        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(1, Service.Counters()["HandshakesFailed"]);

        bool EndsAfterASecond()
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Service.GetStatus().Connections == 0;
        }
    }

    [Fact]
    public async Task Handshakes_WithoutAnEnd_GiveWayToOthers()
    {
        var idle = new List<StreamClient>();
        for (int i = 0; i < 10; i++)
            idle.Add(await StreamClient.ConnectAsync(Service.TlsEndpoints[0]));
        await Eventually.HoldsAsync(() => Service.Counters()["HandshakesFailed"] == 6, () => $"{Service.Counters()["HandshakesFailed"]} gave way");
        await AssertServedAsync();
        Assert.Equal(7, Service.Counters()["HandshakesFailed"]);
        foreach (StreamClient client in idle)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Protocol_ThatWeDoNotSpeak_IsNotNegotiated()
    {
        var options = new SslClientAuthenticationOptions { TargetHost = "ns.alice.members.example.net", ApplicationProtocols = [SslApplicationProtocol.Http2] };
        await Assert.ThrowsAsync<AuthenticationException>(() => StreamClient.ConnectTlsAsync(Service.TlsEndpoints[0], options));
        await AssertServedAsync();
    }

    private async Task AssertServedAsync()
    {
        await using StreamClient client = await StreamClient.ConnectTlsAsync(Service.TlsEndpoints[0]);
        await client.SendAsync(StreamClient.Query(9));
        Assert.Equal(9, (await client.ReceiveAsync())!.Id);
    }

    private static async Task DrainAsync(StreamClient client)
    {
        try
        {
            while (await client.Stream.ReadAsync(new byte[4096]) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The server has reset the connection.
        }
    }

    /// <summary>What a client sends first.</summary>
    private static async Task<byte[]> CaptureHelloAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<StreamClient> connecting = StreamClient.ConnectTlsAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket socket = await listener.AcceptSocketAsync();
        byte[] buffer = new byte[4096];
        int length = await socket.ReceiveAsync(buffer);
        socket.Close(timeout: 0);
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
        return buffer[..length];
    }
}
