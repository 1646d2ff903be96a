using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Sockets;
using Btmm.Platform.Tests.Tunnel;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Sockets;

public sealed class DatagramSocketTests
{
    // whether batches are allowed, whether offload is
    public static TheoryData<bool, bool> Kinds => new() { { true, true }, { true, false }, { false, false } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Send_ManySizes_ArriveInOrderUnchanged(bool batches, bool offload)
    {
        var factory = new DatagramSocketFactory(batches, offload);
        using IDatagramSocket sender = Open(factory), receiver = Open(factory);
        var random = new Random(3);
        // Runs of one size, as bulk traffic makes them, with other sizes between.
        int[] lengths = [.. Enumerable.Range(0, 300).Select(i => i % 40 < 30 ? 1400 : random.Next(1, 1400))];
        var sent = new List<byte[]>();
        var batch = new PacketBatch(600_000, 300);
        foreach (int length in lengths)
        {
            byte[] datagram = new byte[length];
            random.NextBytes(datagram);
            sent.Add(datagram);
            Assert.True(batch.TryAppend(datagram));
        }
        SocketAddress to = Loopback(receiver).Serialize();
        // In portions that the receiver's buffer holds even where it may not be enlarged.
        var got = new List<byte[]>();
        for (int start = 0; start < lengths.Length; start += 50)
        {
            Assert.Equal(50, sender.Send(batch, start, 50, to));
            while (got.Count < start + 50) got.AddRange(Receive(receiver, Loopback(sender)));
        }
        Assert.Equal(sent, got);
        Assert.Equal(300, sender.Counters.Sent);
        Assert.Equal(300, receiver.Counters.Received);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Send_ToAClosedPort_DisturbsNothing(bool batches, bool offload)
    {
        var factory = new DatagramSocketFactory(batches, offload);
        using IDatagramSocket one = Open(factory), two = Open(factory);
        using (IDatagramSocket closed = Open(factory)) one.Send("to nobody"u8, Loopback(closed).Serialize());
        one.Send("to nobody"u8, new IPEndPoint(IPAddress.Loopback, 9).Serialize());
        Assert.True(two.Send("to one"u8, Loopback(one).Serialize()));
        Assert.Equal("to one"u8.ToArray(), Assert.Single(Receive(one, Loopback(two))));
        Assert.True(one.Send("back"u8, Loopback(two).Serialize()));
        Assert.Equal("back"u8.ToArray(), Assert.Single(Receive(two, Loopback(one))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Send_WithoutANetwork_IsCountedNotThrown(bool batches, bool offload)
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using IDatagramSocket socket = NetworkNamespace.Run(space.Name, () => Open(new DatagramSocketFactory(batches, offload)));
        SocketAddress nowhere = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 9).Serialize();
        var batch = new PacketBatch(100_000, 20);
        for (int i = 0; i < 20; i++) batch.TryAppend(new byte[1000]);
        Assert.False(socket.Send("x"u8, nowhere));
        Assert.Equal(0, socket.Send(batch, 0, 20, nowhere));
        Assert.Equal(21, socket.Counters.SendErrors);
        // The same socket works as soon as there is a network: nothing has to be opened again.
        space.Ip("link", "add", "cable", "type", "veth", "peer", "name", "other");
        space.Ip("addr", "add", "192.0.2.2/24", "dev", "cable");
        space.Ip("link", "set", "cable", "up");
        space.Ip("link", "set", "other", "up");
        Assert.Equal(20, socket.Send(batch, 0, 20, nowhere));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Interrupt_BlockedReceive_ReturnsNothingForEver(bool batches, bool offload)
    {
        using IDatagramSocket socket = Open(new DatagramSocketFactory(batches, offload));
        Task<int> receiving = Task.Factory.StartNew(() => socket.Receive(Batch()), TaskCreationOptions.LongRunning);
        socket.Interrupt();
        Assert.Equal(0, await receiving.WaitAsync(Eventually.DefaultTimeout));
        Assert.Equal(0, socket.Receive(Batch()));
    }

    [Fact]
    public void Open_PortInUse_IsBusy()
    {
        var factory = new DatagramSocketFactory();
        using IDatagramSocket socket = Open(factory);
        BtmmException error = Assert.Throws<BtmmException>(
            () => factory.Open(new IPEndPoint(IPAddress.Any, socket.LocalPort)));
        Assert.Equal(BtmmErrorReason.ResourceBusy, error.Reason);
        Assert.Equal(
            BtmmErrorReason.InvalidValue,
            Assert.Throws<BtmmException>(() => factory.Open(new IPEndPoint(IPAddress.Parse("192.0.2.77"), 0))).Reason);
    }

    [Fact]
    public void Ipv6Socket_RoundTrip_Works()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        var factory = new DatagramSocketFactory();
        using IDatagramSocket one = factory.Open(new IPEndPoint(IPAddress.IPv6Any, 0));
        using IDatagramSocket two = factory.Open(new IPEndPoint(IPAddress.IPv6Any, 0));
        Assert.SkipUnless(
            one.Send("six"u8, new IPEndPoint(IPAddress.IPv6Loopback, two.LocalPort).Serialize()), "no IPv6 loopback here");
        Assert.Equal("six"u8.ToArray(), Assert.Single(Receive(two, new IPEndPoint(IPAddress.IPv6Loopback, one.LocalPort))));
    }

    private static IDatagramSocket Open(DatagramSocketFactory factory) => factory.Open(new IPEndPoint(IPAddress.Any, 0));

    private static IPEndPoint Loopback(IDatagramSocket socket) => new(IPAddress.Loopback, socket.LocalPort);

    private static PacketBatch Batch() => new(512 * 1024, 512, 64);

    private static List<byte[]> Receive(IDatagramSocket socket, IPEndPoint from)
    {
        PacketBatch batch = Batch();
        int count = socket.Receive(batch);
        var received = new List<byte[]>();
        for (int i = 0; i < count; i++)
        {
            received.Add(batch.Span(i).ToArray());
            Assert.Equal(from, new IPEndPoint(from.Address, 0).Create(batch.Remotes[batch[i].Remote]));
        }
        return received;
    }
}
