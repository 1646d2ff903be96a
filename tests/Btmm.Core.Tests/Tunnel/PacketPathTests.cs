using System.Net;
using Btmm.Core.Tunnel;
using Btmm.Protocol.Esp;
using Btmm.TestKit.Packets;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Tunnel;

/// <summary>The packet path, one pump turn at a time: what is carried, and what is not.</summary>
public sealed class PacketPathTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryDatagramNetwork _network = new();
    private readonly PathHost _one;
    private readonly PathHost _two;

    public PacketPathTests()
    {
        _one = new PathHost(_network, _time, 1);
        _two = new PathHost(_network, _time, 2);
        _one.Path.SetPeers([_two.Identifier]);
        _two.Path.SetPeers([_one.Identifier]);
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public void Packets_InstalledPair_ArriveInOrderBothWays()
    {
        PathHost.Connect(_one, _two);
        _one.Send(_two, "a", "b", "c");
        _two.Path.InboundStep();
        Assert.Equal(["a", "b", "c"], _two.Texts());
        _two.Send(_one, "d");
        _one.Path.InboundStep();
        Assert.Equal(["d"], _one.Texts());
        PeerTraffic traffic = _one.Path.GetPeerTraffic(_two.Identifier)!;
        Assert.Equal((3L, 1L, 123L, 41L), (traffic.PacketsOut, traffic.PacketsIn, traffic.BytesOut, traffic.BytesIn));
        Assert.NotNull(traffic.SinceLastInbound);
        Assert.Contains(new PacketPathEvent.FirstPacket(_one.Identifier, _two.Spi()), _two.Events());
    }

    [Fact]
    public void Packet_OnTheWire_IsEspWithThePeersSpi()
    {
        PathHost.Connect(_one, _two);
        _one.Send(_two, "secret words");
        MemoryDatagram datagram = Assert.Single(_one.Socket.Sent());
        Assert.Equal(_two.Socket.Local, datagram.To);
        Assert.Equal(_two.Spi(), System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(datagram.Data));
        Assert.Equal(-1, datagram.Data.AsSpan().IndexOf("secret"u8));
    }

    [Fact]
    [Trait("rfc", "4301§5.2")]
    public void InnerPacket_ForeignSourceOrDestination_IsDropped()
    {
        PathHost.Connect(_one, _two);
        using var sa = new EspOutboundSa(PathHost.Parameters(_two, 1, extended: true));
        IPAddress stranger = IPAddress.Parse("fd00::bad");
        Deliver(sa, InnerPackets.Make(stranger, _two.Identifier, "spoofed"));
        Deliver(sa, InnerPackets.Make(_one.Identifier, stranger, "misdirected"));
        Deliver(sa, [0x45, 0, 0, 20, .. new byte[60]]);
        byte[] tooLong = _one.PacketTo(_two, "longer than it is");
        tooLong[5]++;
        Deliver(sa, tooLong);
        Deliver(sa, _one.PacketTo(_two, "not IPv6"), nextHeader: 4);
        byte[] padded = [.. _one.PacketTo(_two, "padded"), .. new byte[100]];
        Deliver(sa, padded);
        _two.Path.InboundStep();
        Assert.Equal(["padded"], _two.Texts());
        Assert.Equal(5, _two.Path.Counters.DroppedInner);
        Assert.Equal(5, _two.Path.GetSaTraffic(_two.Spi())!.Rejected);
    }

    [Fact]
    public void Datagram_ReplayedAlteredOrUnknown_ChangesNothing()
    {
        PathHost.Connect(_one, _two);
        _one.Send(_two, "genuine");
        byte[] genuine = _one.Socket.Sent()[0].Data;
        _two.Path.InboundStep();
        _two.Events();
        PeerTraffic before = _two.Path.GetPeerTraffic(_one.Identifier)!;
        var attacker = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 9);
        byte[] altered = (byte[])genuine.Clone();
        altered[7]++;
        byte[] unknown = (byte[])genuine.Clone();
        unknown[1] ^= 0x40;
        foreach (byte[] data in (byte[][])[genuine, altered, unknown, [1, 2], [0xFF], [1, 2, 3, 4], genuine[..20], []])
            _network.Deliver(new MemoryDatagram(attacker, _two.Socket.Local, data));
        _two.Path.InboundStep();
        Assert.Equal(["genuine"], _two.Texts());
        Assert.Empty(_two.Events());
        Assert.Equal(before, _two.Path.GetPeerTraffic(_one.Identifier));
        Assert.Equal(_one.Socket.Local, _two.Path.GetEndpoint(_one.Identifier));
        PacketPathCounters counters = _two.Path.Counters;
        Assert.Equal(
            (1L, 1L, 2L, 1L),
            (counters.DroppedReplay, counters.DroppedNotAuthentic, counters.DroppedUnknownSpi, counters.KeepalivesIn));
        Assert.Equal(3, counters.DroppedMalformed);
    }

    [Fact]
    public void Datagrams_EveryTruncationAndRandomBytes_NeverThrow()
    {
        const int seed = 4303;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        PathHost.Connect(_one, _two);
        _one.Send(_two, "genuine");
        byte[] genuine = _one.Socket.Sent()[0].Data;
        _two.Path.InboundStep();
        var from = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 9);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] data = genuine.AsSpan(0, random.Next(genuine.Length + 1)).ToArray();
            for (int flips = random.Next(4); flips > 0 && data.Length > 0; flips--)
                data[random.Next(Math.Min(data.Length, 12))] = (byte)random.Next(256);
            _network.Deliver(new MemoryDatagram(from, _two.Socket.Local, data));
            if (i % 32 == 31) _two.Path.InboundStep();
        }
        Assert.Equal(["genuine"], _two.Texts());
    }

    [Fact]
    public void Rekey_OldInboundSa_StaysUntilItIsRemoved()
    {
        PathHost.Connect(_one, _two, generation: 1);
        // --> one installs the new pair and sends on it at once; two still sends on the old one.
        _two.Install(_one, generation: 2, activate: false);
        _one.Install(_two, generation: 2);
        _one.Send(_two, "on new");
        _two.Send(_one, "on old");
        _two.Path.InboundStep();
        _one.Path.InboundStep();
        Assert.Equal(["on new"], _two.Texts());
        Assert.Equal(["on old"], _one.Texts());
        Assert.Contains(new PacketPathEvent.FirstPacket(_one.Identifier, _two.Spi(2)), _two.Events());
        // <-- the first packet shows that one has the new pair: two goes over, and the old is removed.
        Assert.True(_two.Path.ActivateOutbound(_two.Spi(2)));
        Assert.True(_two.Path.GetSaTraffic(_two.Spi(2))!.IsSending);
        Assert.True(_one.Path.Remove(_one.Spi(1)));
        Assert.True(_two.Path.Remove(_two.Spi(1)));
        Assert.False(_two.Path.Remove(_two.Spi(1)));
        _two.Send(_one, "later");
        _one.Path.InboundStep();
        Assert.Equal(["on old", "later"], _one.Texts());
    }

    [Fact]
    public void Remove_SendingPair_FallsBackToTheOneThatRemains()
    {
        PathHost.Connect(_one, _two, generation: 1);
        PathHost.Connect(_one, _two, generation: 2);
        Assert.True(_one.Path.Remove(_one.Spi(2)));
        Assert.True(_one.Path.GetSaTraffic(_one.Spi(1))!.IsSending);
        _one.Send(_two, "still there");
        _two.Path.InboundStep();
        Assert.Equal(["still there"], _two.Texts());
    }

    [Fact]
    public void Remove_LastPair_PacketsOnItAreUnknown()
    {
        PathHost.Connect(_one, _two);
        _two.Path.Remove(_two.Spi());
        _one.Send(_two, "lost");
        _two.Path.InboundStep();
        Assert.Empty(_two.Texts());
        Assert.Equal(1, _two.Path.Counters.DroppedUnknownSpi);
        Assert.Null(_two.Path.GetSaTraffic(_two.Spi()));
    }

    [Fact]
    public void Install_UsedOrZeroSpi_Throws()
    {
        _one.Install(_two);
        Assert.Throws<ArgumentException>(() => _one.Install(_two));
    }

    [Fact]
    public void Packets_ToTwoPeersInOneBatch_GoToEach()
    {
        var three = new PathHost(_network, _time, 3);
        _one.Path.SetPeers([_two.Identifier, three.Identifier]);
        PathHost.Connect(_one, _two);
        PathHost.Connect(_one, three, generation: 2);
        _one.Tun.Inject(
            _one.PacketTo(_two, "a"), _one.PacketTo(three, "b"), _one.PacketTo(three, "c"), _one.PacketTo(_two, "d"));
        _one.Path.OutboundStep();
        _two.Path.InboundStep();
        three.Path.InboundStep();
        Assert.Equal(["a", "d"], _two.Texts());
        Assert.Equal(["b", "c"], three.Texts());
    }

    [Fact]
    [Trait("rfc", "3948§2.2")]
    public void Datagram_WithNonEspMarker_GoesToIke()
    {
        byte[] message = [.. Enumerable.Range(1, 40).Select(i => (byte)i)];
        var from = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 5000);
        _network.Deliver(new MemoryDatagram(from, _one.Socket.Local, [0, 0, 0, 0, .. message]));
        _network.Deliver(new MemoryDatagram(from, _one.Socket.Local, [0, 0, 0, 0, 1, 2, 3]));
        _one.Path.InboundStep();
        Assert.True(_one.Path.IkeDatagrams.TryRead(out IkeDatagram? datagram));
        Assert.Equal(message, datagram.Message.ToArray());
        Assert.Equal(from, datagram.From);
        Assert.False(_one.Path.IkeDatagrams.TryRead(out _));
        Assert.Equal(1, _one.Path.Counters.DroppedMalformed);
    }

    [Fact]
    public void IkeQueue_Full_DropsAndCounts()
    {
        var from = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 5000);
        for (int i = 0; i < 300; i++)
        {
            _network.Deliver(new MemoryDatagram(from, _one.Socket.Local, new byte[64]));
            if (i % 30 == 29) _one.Path.InboundStep();
        }
        Assert.Equal((256L, 44L), (_one.Path.Counters.IkeIn, _one.Path.Counters.IkeDropped));
    }

    [Fact]
    [Trait("rfc", "7296§2.23")]
    public void Peer_MovedWithNewestPacket_IsReportedOnce()
    {
        PathHost.Connect(_one, _two);
        var moved = new IPEndPoint(IPAddress.Parse("198.51.100.7"), 7000);
        _one.Send(_two, "from home");
        IPEndPoint home = _one.Socket.Local;
        _one.Socket.MoveTo(moved);
        _one.Send(_two, "from away");
        _one.Send(_two, "from away again");
        _two.Path.InboundStep();
        Assert.Equal(3, _two.Texts().Length);
        Assert.Equal(
            [new PacketPathEvent.PeerMoved(_one.Identifier, moved)],
            _two.Events().OfType<PacketPathEvent.PeerMoved>());
        // Nothing changes until IKE says so; then the next packet goes there.
        Assert.Equal(home, _two.Path.GetEndpoint(_one.Identifier));
        _two.Path.SetEndpoint(_one.Identifier, moved);
        _two.Send(_one, "follows");
        Assert.Equal(moved, _two.Socket.Sent()[^1].To);
    }

    [Fact]
    public void Peer_OlderPacketFromElsewhere_IsNotAMove()
    {
        PathHost.Connect(_one, _two);
        MemoryDatagram? held = null;
        _network.Filter = datagram => (held ??= datagram) != datagram;
        _one.Send(_two, "delayed");
        _one.Send(_two, "newer");
        _two.Path.InboundStep();
        _network.Filter = null;
        var elsewhere = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 9);
        _network.Deliver(held! with { From = elsewhere });
        _two.Path.InboundStep();
        Assert.Equal(["newer", "delayed"], _two.Texts());
        Assert.DoesNotContain(_two.Events(), happened => happened is PacketPathEvent.PeerMoved);
    }

    private void Deliver(EspOutboundSa sa, byte[] inner, byte nextHeader = EspConstants.NextHeaderIpv6)
    {
        byte[] buffer = new byte[inner.Length + 64];
        int offset = 16, length = inner.Length;
        inner.CopyTo(buffer, offset);
        sa.TrySeal(buffer, ref offset, ref length, nextHeader);
        _network.Deliver(
            new MemoryDatagram(_one.Socket.Local, _two.Socket.Local, buffer.AsSpan(offset, length).ToArray()));
    }
}
