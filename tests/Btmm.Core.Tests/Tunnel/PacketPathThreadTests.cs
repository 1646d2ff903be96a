using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Tunnel;
using Btmm.TestKit.Packets;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Tunnel;

/// <summary>The packet path with its threads running.</summary>
public sealed class PacketPathThreadTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryDatagramNetwork _network = new();

    [Fact]
    public async Task Pumps_ManyPacketsWhileRekeying_LoseNone()
    {
        const int count = 3000;
        await using var one = new PathHost(_network, _time, 1);
        await using var two = new PathHost(_network, _time, 2);
        one.Path.SetPeers([two.Identifier]);
        one.Path.Start();
        two.Path.Start();
        for (int i = 0; i < count; i++)
        {
            one.Tun.Inject(one.PacketTo(two, $"{i}"));
            if (i % 50 != 0) continue;
            int generation = (i / 50) + 1;
            two.Install(one, generation, activate: false);
            one.Install(two, generation);
            if (generation > 2) one.Path.Remove(one.Spi(generation - 2));
        }
        string[] texts = [.. two.Tun.WaitReceived(count).Select(InnerPackets.Text)];
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"{i}"), texts.OrderBy(int.Parse));
        Assert.Equal(0, two.Path.Counters.DroppedNotAuthentic);
    }

    [Fact]
    public async Task Dispose_WhileRunning_EndsThreadsAndChannelsButNotTheDevices()
    {
        var one = new PathHost(_network, _time, 1);
        var two = new PathHost(_network, _time, 2);
        PathHost.Connect(one, two);
        one.Path.Start();
        one.Path.Start();
        await one.DisposeAsync();
        await one.DisposeAsync();
        Assert.True(one.Path.IkeDatagrams.Completion.IsCompleted);
        one.Events();
        Assert.True(one.Path.Events.Completion.IsCompleted);
        Assert.False(one.Tun.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => one.Install(two, generation: 2));
        Assert.Null(one.Path.GetSaTraffic(one.Spi()));
        await two.DisposeAsync();
    }

    [Fact]
    public async Task Device_Fails_IsReported()
    {
        await using var one = new PathHost(_network, _time, 1);
        one.Tun.Failure = new IOException("gone");
        one.Path.Start();
        PacketPathEvent happened = await one.Path.Events.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Same(one.Tun.Failure, Assert.IsType<PacketPathEvent.Failed>(happened).Error);
    }

    [Fact]
    public async Task Pumps_SteadyState_AllocateNothingPerPacket()
    {
        await using var one = new PathHost(_network, _time, 1);
        await using var two = new PathHost(_network, _time, 2);
        byte[] packet = one.PacketTo(two, "again and again", 1300);
        var tun = new LoopTun(packet);
        var socket = new LoopSocket();
        await using var path = new PacketPath(tun, socket);
        path.Install(
            new ChildSaPair
            {
                Local = one.Identifier,
                Peer = two.Identifier,
                Inbound = PathHost.Parameters(one, 1, extended: true),
                Outbound = PathHost.Parameters(two, 1, extended: true),
            },
            two.Socket.Local);
        await using var other = new PacketPath(tun, socket);
        other.Install(
            new ChildSaPair
            {
                Local = two.Identifier,
                Peer = one.Identifier,
                Inbound = PathHost.Parameters(two, 1, extended: true),
                Outbound = PathHost.Parameters(one, 1, extended: true),
            },
            two.Socket.Local);
        // The runtime may still compile or start something on this thread: one round without a byte proves the point.
        const int Rounds = 10;
        long least = long.MaxValue;
        int turns = 0;
        for (int round = 0; round < Rounds && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Turn(path, other, 50);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            turns += 50;
        }

        Assert.Equal(0, least);
        Assert.Equal(turns * LoopTun.PacketsPerRead, tun.Written);
    }

    private static void Turn(PacketPath path, PacketPath other, int count)
    {
        for (int i = 0; i < count; i++)
        {
            path.OutboundStep();
            other.InboundStep();
        }
    }

    /// <summary>A device that always has the same packets to read.</summary>
    private sealed class LoopTun(byte[] packet) : ITunDevice
    {
        public const int PacketsPerRead = 20;

        public int Written { get; private set; }

        public string Name => "loop";

        public int InterfaceIndex => 1;

        public int Mtu => 1400;

        public int Read(PacketBatch batch)
        {
            for (int i = 0; i < PacketsPerRead; i++) batch.TryAppend(packet);
            return batch.Count;
        }

        public int Write(PacketBatch batch)
        {
            Written += batch.Count;
            return batch.Count;
        }

        public void Interrupt()
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>A socket that receives what was last sent, without allocating.</summary>
    private sealed class LoopSocket : IDatagramSocket
    {
        private readonly PacketBatch _last = new(512 * 1024, 512);
        private readonly SocketAddress _from = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 4002).Serialize();

        public int LocalPort => 1;

        public DatagramSocketCounters Counters => default;

        public int Receive(PacketBatch batch)
        {
            batch.Remotes[0].Size = _from.Size;
            _from.Buffer.Span[.._from.Size].CopyTo(batch.Remotes[0].Buffer.Span);
            for (int i = 0; i < _last.Count; i++) batch.TryAppend(_last.Span(i));
            return batch.Count;
        }

        public int Send(PacketBatch batch, int start, int count, SocketAddress remote)
        {
            _last.Clear();
            for (int i = start; i < start + count; i++) _last.TryAppend(batch.Span(i));
            return count;
        }

        public bool Send(ReadOnlySpan<byte> datagram, SocketAddress remote) => true;

        public void Interrupt()
        {
        }

        public void Dispose()
        {
        }
    }
}
