using System.Net;
using System.Net.Sockets;
using Btmm.Core.Administration;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>Long-lived queries of a running service over real sockets: rights that go, connections, events.</summary>
public sealed class LlqServiceTests : IDisposable
{
    private static readonly DnsName s_bob = DnsName.Parse("bob.members.example.net");
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly BtmmAccount _alice = TestZones.NewAccount();
    private readonly TsigKey _key = new(DnsName.Parse("bob-key"), TsigAlgorithm.HmacSha256, new byte[32]);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _buffer = new byte[DnsMessage.MaxSize];
    private ushort _nextId = 1;

    public void Dispose()
    {
        _alice.Dispose();
        _key.Dispose();
        _socket.Dispose();
    }

    [Theory]
    [InlineData("key")]
    [InlineData("zone")]
    [InlineData("grant")]
    [InlineData("secret")]
    public async Task Rights_TakenAway_EndTheQueriesThatNeededThem(string what)
    {
        await using ZoneService service = await StartAsync();
        IZoneAdministration admin = service.Administration;
        await admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false);
        await EstablishAsync(service, s_bob.Prepend("x"), _key);
        await EstablishAsync(service, _alice.Domain.Prepend("x"), _alice.UpdateKey);
        Assert.Equal(2, service.GetStatus().LongLivedQueries);
        using var other = new TsigKey(_key.Name, TsigAlgorithm.HmacSha256, Enumerable.Repeat((byte)1, 32).ToArray());
        await (what switch
        {
            "key" => admin.RemoveKeyAsync(_key.Name),
            "zone" => admin.RemoveZoneAsync(s_bob),
            "grant" => admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(_alice.Domain)]), replace: true),
            _ => admin.PutKeyAsync(new KeySettings(other, [KeyGrant.WholeZone(s_bob)]), replace: true),
        });
        Assert.True(SpinWait.SpinUntil(() => service.GetStatus().LongLivedQueries == 1, s_patience));
    }

    [Fact]
    public async Task Event_OfARunningService_ComesFromTheSocketThatWasAsked()
    {
        await using ZoneService service = await StartAsync();
        DnsName studio = _alice.Domain.Prepend("studio");
        await EstablishAsync(service, studio, _alice.UpdateKey);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(service.Endpoints[0], _alice.Domain, _alice.UpdateKey, Records.A(studio, "192.0.2.1")));
        DnsMessage happened = await ReceiveAsync(); // the socket is connected and hears nobody else
        Assert.Equal(LlqOpcode.Event, happened.Option().Opcode);
        Assert.Equal(Records.A(studio, "192.0.2.1"), Assert.Single(happened.Answers));
    }

    [Fact]
    public async Task Event_LongerThanAPacket_ComesAllTheSame()
    {
        await using ZoneService service = await StartAsync();
        DnsName studio = _alice.Domain.Prepend("studio");
        await EstablishAsync(service, studio, _alice.UpdateKey, DnsType.TXT);
        var big = new DnsRecord(studio, 120, new TxtData([.. Enumerable.Repeat(new string('x', 250), 8)]));
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(service.Endpoints[0], _alice.Domain, _alice.UpdateKey, big));
        Assert.Equal(big, Assert.Single((await ReceiveAsync()).Answers));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_WithQueries_GetsTheirEventsOutlivesIdlenessAndEndsThem(bool tls)
    {
        var limits = new ZoneServiceLimits { ConnectionIdleTimeout = TimeSpan.FromSeconds(1) };
        await using ZoneService service = await StartAsync(limits);
        DnsName studio = _alice.Domain.Prepend("studio");
        await using (Stream stream = await ConnectAsync(service, tls))
        {
            using var tsig = new TsigClientTransaction(_alice.UpdateKey);
            DnsMessage request = LlqRequests.Request(studio, DnsType.A, LlqRequests.Setup()) with { Id = 5 };
            Assert.True(request.TryWrite(_buffer, out int length));
            Assert.True(tsig.TrySignRequest(_buffer, length, DateTimeOffset.UtcNow, out length));
            await SendAsync(stream, length);
            LlqOption option = (await ReadAsync(stream)).Option();
            Assert.Equal(LlqError.NoError, option.Error);
            Assert.Equal(1, service.GetStatus().LongLivedQueries);

            // Nothing is said for longer than an idle connection may last.
            using var patience = new CancellationTokenSource(s_patience);
            Task<DnsMessage> happened = ReadAsync(stream);
            await Assert.ThrowsAsync<TimeoutException>(() => happened.WaitAsync(limits.ConnectionIdleTimeout * 2, patience.Token));
            Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(service.Endpoints[0], _alice.Domain, _alice.UpdateKey, Records.A(studio, "192.0.2.1")));
            Assert.Equal(option.Id, (await happened).Option().Id);

            // The query ended: now the connection may be idle no longer than others.
            if (tls)
            {
                Assert.True((request with { Additional = [new EdnsInfo(LlqRequests.Refresh(option.Id, lease: 0)).ToRecord()] }).TryWrite(_buffer, out length));
                Assert.True(tsig.TrySignRequest(_buffer, length, DateTimeOffset.UtcNow, out length));
                await SendAsync(stream, length);
                Assert.Equal(LlqError.NoError, (await ReadAsync(stream)).Option().Error);
                Assert.Equal(0, await stream.ReadAsync(_buffer).AsTask().WaitAsync(s_patience));
            }
        }

        Assert.True(SpinWait.SpinUntil(() => service.GetStatus() is { LongLivedQueries: 0, Connections: 0 }, s_patience));
    }

    [Fact]
    public async Task Stop_WithQueriesOnConnections_EndsThemSoon()
    {
        await using ZoneService service = await StartAsync();
        await using Stream stream = await ConnectAsync(service, tls: true);
        using var tsig = new TsigClientTransaction(_alice.UpdateKey);
        Assert.True((LlqRequests.Request(_alice.Domain.Prepend("x"), DnsType.A, LlqRequests.Setup()) with { Id = 5 }).TryWrite(_buffer, out int length));
        Assert.True(tsig.TrySignRequest(_buffer, length, DateTimeOffset.UtcNow, out length));
        await SendAsync(stream, length);
        await ReadAsync(stream);
        await service.StopAsync().WaitAsync(s_patience);
        Assert.Equal(0, await stream.ReadAsync(_buffer).AsTask().WaitAsync(s_patience)); // its client sees it at once
    }

    private async Task<Stream> ConnectAsync(ZoneService service, bool tls)
    {
        var dialer = new SocketDialer();
        if (!tls)
            return await dialer.ConnectAsync(service.Endpoints[0], CancellationToken.None);
        var server = new TlsEndPoint(IPAddress.Loopback, service.TlsEndpoints[0].Port, $"ns.{_alice.Domain.ToString().TrimEnd('.')}", TlsTrust.Only(_alice.Authority!));
        return await new TlsConnector(dialer, TimeProvider.System).ConnectAsync(server, CancellationToken.None);
    }

    private async Task SendAsync(Stream stream, int length) =>
        await stream.WriteAsync((byte[])[(byte)(length >> 8), (byte)length, .. _buffer.AsSpan(0, length)]);

    private static async Task<DnsMessage> ReadAsync(Stream stream)
    {
        byte[] prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix);
        byte[] message = new byte[(prefix[0] << 8) | prefix[1]];
        await stream.ReadExactlyAsync(message);
        Assert.True(DnsMessage.TryParse(message, out DnsMessage? parsed));
        return parsed;
    }

    private async Task<ZoneService> StartAsync(ZoneServiceLimits? limits = null)
    {
        var service = new ZoneService(TestZones.Options(_alice) with { Limits = limits ?? new ZoneServiceLimits(), TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await service.StartAsync();
        return service;
    }

    private async Task EstablishAsync(ZoneService service, DnsName name, TsigKey key, DnsType type = DnsType.A)
    {
        await _socket.ConnectAsync(service.Endpoints[0]);
        DnsMessage challenge = await AskAsync(LlqRequests.Request(name, type, LlqRequests.Setup()), key);
        DnsMessage answer = await AskAsync(LlqRequests.Request(name, type, challenge.Option()), key);
        Assert.Equal(LlqError.NoError, answer.Option().Error);
    }

    private async Task<DnsMessage> AskAsync(DnsMessage message, TsigKey key)
    {
        Assert.True((message with { Id = _nextId++ }).TryWrite(_buffer, out int length));
        using var tsig = new TsigClientTransaction(key);
        Assert.True(tsig.TrySignRequest(_buffer, length, DateTimeOffset.UtcNow, out length));
        await _socket.SendAsync(_buffer.AsMemory(0, length));
        return await ReceiveAsync();
    }

    private async Task<DnsMessage> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        int length = await _socket.ReceiveAsync(_buffer, patience.Token);
        Assert.True(DnsMessage.TryParse(_buffer.AsSpan(0, length), out DnsMessage? reply));
        return reply;
    }
}
