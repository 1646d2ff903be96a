using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Tunnel;

/// <summary>The kernel's TCP and UDP through two packet paths, in two namespaces, with and without offloads.</summary>
public sealed class TunnelTransferTests
{
    private const int TransferLength = 24 * 1024 * 1024;
    private const int Attempts = 5;
    private static readonly TimeSpan s_datagramTimeout = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(true, true, false, true)]
    [InlineData(false, true, true, true)]
    [InlineData(false, true, false, true)]
    [InlineData(false, false, false, false)]
    public async Task Tcp_BetweenAnyTwoKindsOfHosts_ArrivesByteForByte(
        bool offloadOne, bool batchesOne, bool offloadTwo, bool batchesTwo)
    {
        TunRights.Require();
        await using var one = new TunnelHost(1, offloadOne, batchesOne);
        await using var two = new TunnelHost(2, offloadTwo, batchesTwo);
        TunnelHost.Connect(one, two);
        byte[] data = new byte[TransferLength];
        new Random(1).NextBytes(data);
        CancellationToken cancelled = TestContext.Current.CancellationToken;

        using Socket listener = Listen(two);
        using Socket sender = NetworkNamespace.Run(
            one.Space.Name, () => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, cancelled);
        using Socket receiver = await listener.AcceptAsync(cancelled);
        // Both directions at once, so that data and acknowledgements mix.
        Task<byte[]> there = HashAsync(receiver, cancelled), back = HashAsync(sender, cancelled);
        await Task.WhenAll(SendAsync(sender, data, cancelled), SendAsync(receiver, data, cancelled));
        byte[] expected = SHA256.HashData(data);
        Assert.Equal(expected, await there);
        Assert.Equal(expected, await back);

        Assert.Equal(0, one.Path.Counters.DroppedNotAuthentic + two.Path.Counters.DroppedNotAuthentic);
        Assert.Equal(0, one.Path.Counters.TunWriteFailures + two.Path.Counters.TunWriteFailures);
        TestContext.Current.TestOutputHelper?.WriteLine($"{one.Socket.Counters} {one.Path.Counters}");
        if (offloadOne && one.Tun is LinuxTunDevice { HasOffload: true } && one.Socket is LinuxDatagramSocket { CanSendMerged: true })
            Assert.True(one.Socket.Counters.SendCalls < one.Socket.Counters.Sent / 2, "the offload had no effect");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Udp_EverySizeUpToFragments_ArrivesUnchanged(bool offload)
    {
        TunRights.Require();
        await using var one = new TunnelHost(1, offload, batches: true);
        await using var two = new TunnelHost(2, offload, batches: true);
        TunnelHost.Connect(one, two);
        using Socket receiver = Bind(two);
        using Socket sender = Bind(one);
        byte[] data = new byte[4000], received = new byte[65536];
        new Random(2).NextBytes(data);
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        for (int length = 1; length <= data.Length; length += 123)
        {
            int got = -1;
            for (int attempt = 0; got < 0 && attempt < Attempts; attempt++)
            {
                await sender.SendToAsync(data.AsMemory(0, length), receiver.LocalEndPoint!, cancelled);
                got = await ReceiveAsync(receiver, received, cancelled);
            }
            Assert.True(got == length && data.AsSpan(0, length).SequenceEqual(received.AsSpan(0, got)), $"{length} bytes");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Udp_SentAsOneSuperDatagram_ArrivesInItsPieces(bool offloadTwo)
    {
        const int level = 17, segmentOption = 103, size = 1000, count = 20;
        TunRights.Require();
        await using var one = new TunnelHost(1, offload: true, batches: true);
        await using var two = new TunnelHost(2, offloadTwo, batches: true);
        TunnelHost.Connect(one, two);
        using Socket receiver = Bind(two);
        using Socket sender = Bind(one);
        sender.SetRawSocketOption(level, segmentOption, BitConverter.GetBytes(size));
        byte[] data = new byte[(size * count) - 1], received = new byte[65536];
        new Random(5).NextBytes(data);
        for (int i = 0; i < count; i++) data[i * size] = (byte)i;
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        int whole = 0;
        for (int round = 0; round < 20; round++)
        {
            await sender.SendToAsync(data, receiver.LocalEndPoint!, cancelled);
            int i = 0;
            for (; i < count; i++)
            {
                int got = await ReceiveAsync(receiver, received, cancelled);
                // UDP may be lost on a busy machine; then the rest of the round has nothing to say.
                if (got < 0) break;
                int piece = received[0];
                Assert.Equal(piece == count - 1 ? size - 1 : size, got);
                Assert.True(data.AsSpan(piece * size, got).SequenceEqual(received.AsSpan(0, got)), $"piece {piece}");
                if (piece != i) break;
            }
            if (i == count) whole++;
            else while (await ReceiveAsync(receiver, received, cancelled) >= 0) continue;
        }
        Assert.True(whole > 0, "no round arrived whole");
        Assert.Equal(0, two.Path.Counters.TunWriteFailures);
    }

    [Fact]
    public async Task OuterPath_NarrowerThanTheTunnel_IsNoBlackHole()
    {
        TunRights.Require();
        await using var one = new TunnelHost(1, offload: true, batches: true);
        await using var two = new TunnelHost(2, offload: true, batches: true);
        TunnelHost.Connect(one, two);
        // A tunnel packet of 1400 bytes makes a datagram of 1466: now it has to be fragmented.
        one.Space.Ip("link", "set", "wire", "mtu", "1300");
        byte[] data = new byte[2 * 1024 * 1024];
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        using Socket listener = Listen(two);
        using Socket sender = NetworkNamespace.Run(
            one.Space.Name, () => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, cancelled);
        using Socket receiver = await listener.AcceptAsync(cancelled);
        Task<byte[]> hash = HashAsync(receiver, cancelled);
        await SendAsync(sender, data, cancelled);
        Assert.Equal(SHA256.HashData(data), await hash.WaitAsync(TimeSpan.FromMinutes(2), cancelled));
    }

    // The datagram's length, or -1 when none came in time.
    private static async Task<int> ReceiveAsync(Socket socket, byte[] buffer, CancellationToken cancelled)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        timeout.CancelAfter(s_datagramTimeout);
        try
        {
            return await socket.ReceiveAsync(buffer, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return -1;
        }
    }

    private static Socket Listen(TunnelHost host) => NetworkNamespace.Run(host.Space.Name, () =>
    {
        var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(host.Identifier, 0));
        listener.Listen();
        return listener;
    });

    private static Socket Bind(TunnelHost host) => NetworkNamespace.Run(host.Space.Name, () =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(host.Identifier, 0));
        return socket;
    });

    private static async Task SendAsync(Socket socket, byte[] data, CancellationToken cancelled)
    {
        for (int at = 0; at < data.Length;)
            at += await socket.SendAsync(data.AsMemory(at, Math.Min(100_000, data.Length - at)), cancelled);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> HashAsync(Socket socket, CancellationToken cancelled)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        return await SHA256.HashDataAsync(stream, cancelled);
    }
}
