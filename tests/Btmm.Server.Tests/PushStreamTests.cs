using System.Net;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>Stateful operations over real connections: order, clients that send nonsense, the end of the service (RFC 8490).</summary>
public sealed class PushStreamTests : IAsyncLifetime
{
    private static readonly DnsQuestion s_public = new(TestZones.Alice.PrependLabels("_dns-push-tls._tcp"), DnsType.SRV);
    private static readonly DsoTimeouts s_wanted = DsoTimeouts.From(TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(60));

    private readonly BtmmAccount _account = TestZones.NewAccount();
    private ZoneService? _service;

    private ZoneService Service => _service ?? throw new InvalidOperationException();

    public async ValueTask InitializeAsync()
    {
        _service = new ZoneService(TestZones.Options(_account) with { TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await _service.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _account.Dispose();
    }

    [Fact]
    [Trait("rfc", "8490§6.1")]
    public async Task Messages_Pipelined_AreActedOnInTheirOrder()
    {
        await using StreamClient client = await ConnectAsync();
        var messages = new List<byte[]> { DsoMessages.Keepalive(1, s_wanted, isResponse: false) };
        for (ushort id = 2; id < 200; id += 2)
        {
            messages.Add(PushMessages.Subscribe(id, s_public));
            messages.Add(StreamClient.Query((ushort)(id + 1)));
            messages.Add(PushMessages.Unsubscribe(id));
        }

        await client.SendAsync([.. messages]);
        Assert.Equal(1, (await NextAsync(client)).Id);
        for (ushort id = 2; id < 200; id++)
            Assert.Equal(id, (await NextAsync(client)).Id);
        await Eventually.HoldsAsync(() => Service.GetStatus().PushSubscriptions == 0, "all are ended");
    }

    [Fact]
    public async Task Dso_OverPlainTcp_IsNotImplementedAndTheConnectionGoesOn()
    {
        await using StreamClient client = await StreamClient.ConnectAsync(Service.Endpoints[0]);
        await client.SendAsync(DsoMessages.Keepalive(1, s_wanted, isResponse: false), PushMessages.Unsubscribe(4), StreamClient.Query(2));
        Assert.Equal(DnsRcode.NotImp, (await NextAsync(client)).Rcode);
        Assert.Equal(2, (await NextAsync(client)).Id);
    }

    public static TheoryData<string, byte[]> Fatal => new()
    {
        { "PUSH from a client", Convert.FromHexString("000030000000000000000000" + "0041000B" + "0000010001000000010000") },
        { "unknown unidirectional", Convert.FromHexString("000030000000000000000000" + "F8000000") },
        { "a TLV that overruns", Convert.FromHexString("000030000000000000000000" + "0042FFFF01") },
        { "a response to nothing", DsoMessages.Response(9, DnsRcode.NoError) },
        { "a response with id 0", DsoMessages.Response(0, DnsRcode.NoError) },
        { "Retry Delay", DsoMessages.RetryDelay(DnsRcode.NoError, TimeSpan.Zero) },
    };

    [Theory, MemberData(nameof(Fatal))]
    [Trait("rfc", "8490§5.3")]
    public async Task Message_ThatMustNotBe_ResetsTheConnection(string what, byte[] message)
    {
        await using StreamClient client = await ConnectAsync();
        await client.SendAsync(DsoMessages.Keepalive(1, s_wanted, isResponse: false));
        await NextAsync(client);
        await client.SendAsync(message);
        Assert.False(await client.EndsInOrderAsync(), what);
    }

    [Fact]
    public async Task Garbage_Pipelined_HarmsNobodyElse()
    {
        await using StreamClient good = await ConnectAsync();
        await good.SendAsync(DsoMessages.Keepalive(1, s_wanted, isResponse: false), PushMessages.Subscribe(2, s_public));
        await NextAsync(good);
        var random = new Random(1);
        for (int i = 0; i < 50; i++)
        {
            await using StreamClient bad = await ConnectAsync();
            byte[][] garbage = [.. Enumerable.Range(0, 20).Select(_ => Garbage(random))];
            try
            {
                await bad.SendAsync(garbage);
            }
            catch (IOException)
            {
                continue; // it was cut off while it was still sending
            }
        }

        await good.SendAsync(DsoMessages.Keepalive(3, s_wanted, isResponse: false));
        while ((await NextAsync(good)).Id != 3) { }
        await Eventually.HoldsAsync(() => Service.GetStatus() is { PushSubscriptions: 1, Connections: 1 }, "only the good one is left");
    }

    [Fact]
    [Trait("rfc", "8490§6.6.1")]
    public async Task Stop_OfTheService_TellsWhenToComeBackAndWaitsForTheClient()
    {
        await using StreamClient client = await ConnectAsync();
        await client.SendAsync(DsoMessages.Keepalive(1, s_wanted, isResponse: false));
        await NextAsync(client);
        Task stop = Service.StopAsync();
        (DnsHeader header, byte[] message) = await ReceiveAsync(client);
        Assert.Equal(0, header.Id);
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(message, out DsoMessageView view));
        Assert.Equal(DsoType.RetryDelay, view.Primary!.Value.Type);
        await client.DisposeAsync();
        await stop.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static byte[] Garbage(Random random)
    {
        byte[] message = new byte[random.Next(12, 200)];
        random.NextBytes(message);
        message[2] = (byte)(random.Next(2) << 7 | 6 << 3); // opcode 6
        message[3] &= 0xF;
        if (random.Next(2) == 0) message.AsSpan(4, 8).Clear();
        if (random.Next(3) == 0) message.AsSpan(0, 2).Clear();
        if (random.Next(2) == 0) (message[12 % message.Length], message[13 % message.Length]) = (0, (byte)(0x40 + random.Next(4)));
        return message;
    }

    private static async Task<DnsHeader> NextAsync(StreamClient client)
    {
        while (true)
        {
            (DnsHeader header, byte[] _) = await ReceiveAsync(client);
            if (header.Id != 0)
                return header; // else a PUSH message
        }
    }

    private static async Task<(DnsHeader Header, byte[] Message)> ReceiveAsync(StreamClient client)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        byte[] prefix = new byte[2];
        await client.Stream.ReadExactlyAsync(prefix, timeout.Token);
        byte[] message = new byte[(prefix[0] << 8) | prefix[1]];
        await client.Stream.ReadExactlyAsync(message, timeout.Token);
        Assert.True(DnsHeader.TryRead(message, out DnsHeader header));
        return (header, message);
    }

    private Task<StreamClient> ConnectAsync() => StreamClient.ConnectTlsAsync(Service.TlsEndpoints[0]);
}
