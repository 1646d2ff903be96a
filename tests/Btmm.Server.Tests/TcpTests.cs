using System.Buffers.Binary;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>The TCP listener over real loopback sockets: framing, slow and greedy clients (RFC 7766).</summary>
public sealed class TcpTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly BtmmAccount _account = TestZones.NewAccount();
    private ZoneService? _service;

    private ZoneService Service => _service ?? throw new InvalidOperationException();

    public ValueTask InitializeAsync() => StartAsync(new ZoneServiceLimits());

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _account.Dispose();
    }

    [Fact]
    [Trait("rfc", "7766§6.2.1")]
    public async Task Messages_SeveralInOneWrite_AreAllAnsweredInOrder()
    {
        using Socket client = await ConnectAsync();
        await client.SendAsync(Enumerable.Range(1, 50).SelectMany(id => Framed((ushort)id)).ToArray());
        for (ushort id = 1; id <= 50; id++)
            Assert.Equal(id, (await ReceiveAsync(client))!.Id);
    }

    [Fact]
    [Trait("rfc", "7766§8")]
    public async Task Message_ByteByByte_IsAnswered()
    {
        using Socket client = await ConnectAsync();
        client.NoDelay = true;
        foreach (byte value in Framed(7))
            await client.SendAsync(new[] { value });
        Assert.Equal(7, (await ReceiveAsync(client))!.Id);
    }

    [Fact]
    public async Task Message_MalformedButFramed_IsAnsweredAndTheConnectionGoesOn()
    {
        using Socket client = await ConnectAsync();
        byte[] bad = Framed(5);
        bad[14] = 0xC0; // a name that begins with a pointer into nothing
        await client.SendAsync(bad);
        Assert.Equal(DnsRcode.FormErr, (await ReceiveAsync(client))!.Rcode);
        await client.SendAsync(Framed(6));
        Assert.Equal(6, (await ReceiveAsync(client))!.Id);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public async Task Length_OfNoMessage_ClosesTheConnection(int length)
    {
        using Socket client = await ConnectAsync();
        await client.SendAsync(new byte[] { 0, (byte)length, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
        Assert.Null(await ReceiveAsync(client));
    }

    [Fact]
    public async Task Client_ThatStallsInAMessage_IsDroppedAndOthersAreServed()
    {
        await RestartAsync(new ZoneServiceLimits { ConnectionMessageTimeout = TimeSpan.FromSeconds(3) });
        using Socket slow = await ConnectAsync();
        await slow.SendAsync(Framed(1).AsMemory(0, 9));
        using Socket other = await ConnectAsync();
        await other.SendAsync(Framed(2));
        Assert.Equal(2, (await ReceiveAsync(other))!.Id);
        Assert.Null(await ReceiveAsync(slow));
    }

    [Fact]
    [Trait("rfc", "7766§6.2.3")]
    public async Task Client_ThatIsIdle_IsDropped()
    {
        await RestartAsync(new ZoneServiceLimits { ConnectionIdleTimeout = TimeSpan.FromMilliseconds(300) });
        using Socket client = await ConnectAsync();
        Assert.Null(await ReceiveAsync(client));
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 0, "no connection is counted");
    }

    [Fact]
    public async Task Client_ThatTakesNoAnswers_IsDropped()
    {
        await RestartAsync(new ZoneServiceLimits { ConnectionMessageTimeout = TimeSpan.FromMilliseconds(500) });
        using Socket client = await ConnectAsync();
        client.ReceiveBufferSize = 2048;
        byte[] many = [.. Enumerable.Range(0, 500).SelectMany(id => Framed((ushort)id))];
        using var giveUp = new CancellationTokenSource(s_patience);
        try
        {
            while (true)
                await client.SendAsync(many, giveUp.Token);
        }
        catch (SocketException)
        {
            await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 0, "the connection is gone");
        }
    }

    [Fact]
    public async Task Connections_BeyondTheLimit_AreClosedAtOnce()
    {
        await RestartAsync(new ZoneServiceLimits { MaxConnectionsPerClient = 2 });
        using Socket one = await ConnectAsync();
        using Socket two = await ConnectAsync();
        await one.SendAsync(Framed(1));
        Assert.NotNull(await ReceiveAsync(one));
        await two.SendAsync(Framed(1));
        Assert.NotNull(await ReceiveAsync(two));
        using Socket three = await ConnectAsync();
        Assert.Null(await ReceiveAsync(three));
        one.Dispose();
        await Eventually.HoldsAsync(() => Service.GetStatus().Connections == 1, "the place is free again");
        using Socket four = await ConnectAsync();
        await four.SendAsync(Framed(4));
        Assert.Equal(4, (await ReceiveAsync(four))!.Id);
    }

    [Fact]
    public async Task Stop_WithOpenConnections_ClosesThemAndEnds()
    {
        using Socket client = await ConnectAsync();
        await client.SendAsync(Framed(1));
        Assert.NotNull(await ReceiveAsync(client));
        await Service.StopAsync();
        Assert.Null(await ReceiveAsync(client));
        await Service.Completion.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Message_OfFullLength_IsReadAndAnswered()
    {
        using Socket client = await ConnectAsync();
        int padding = DnsMessage.MaxSize - Query(3, new UnknownOption(12, Array.Empty<byte>())).Length;
        byte[] message = Query(3, new UnknownOption(12, new byte[padding]));
        Assert.Equal(DnsMessage.MaxSize, message.Length);
        await client.SendAsync((byte[])[0xFF, 0xFF, .. message]);
        Assert.Equal(3, (await ReceiveAsync(client))!.Id);
    }

    private static byte[] Query(ushort id, params EdnsOption[] options) =>
        (ServerHarness.Query(TestZones.Alice, DnsType.SOA, new EdnsInfo(options)) with { Id = id }).ToArray();

    private static byte[] Framed(ushort id)
    {
        byte[] message = Query(id);
        return [(byte)(message.Length >> 8), (byte)message.Length, .. message];
    }

    // Null when the server closed the connection.
    private static async Task<DnsMessage?> ReceiveAsync(Socket socket)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        byte[] prefix = new byte[2];
        if (!await FillAsync(socket, prefix, timeout.Token))
            return null;
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        Assert.True(await FillAsync(socket, message, timeout.Token));
        Assert.True(DnsMessage.TryParse(message, out DnsMessage? parsed));
        return parsed;
    }

    private static async Task<bool> FillAsync(Socket socket, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            int read;
            try
            {
                read = await socket.ReceiveAsync(destination, cancellationToken);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                read = 0;
            }

            if (read == 0)
                return false;
            destination = destination[read..];
        }

        return true;
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Service.Endpoints[0]);
        return socket;
    }

    private async ValueTask StartAsync(ZoneServiceLimits limits)
    {
        _service = new ZoneService(TestZones.Options(_account) with { Limits = limits });
        await _service.StartAsync();
    }

    private async Task RestartAsync(ZoneServiceLimits limits)
    {
        await Service.DisposeAsync();
        await StartAsync(limits);
    }
}
