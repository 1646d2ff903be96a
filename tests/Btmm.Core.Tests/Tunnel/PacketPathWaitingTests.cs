using System.Net;
using Btmm.Core.Tunnel;
using Btmm.TestKit.Packets;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Tunnel;

/// <summary>What happens while there is no tunnel, what the host is told, and what is done every second.</summary>
public sealed class PacketPathWaitingTests : IAsyncDisposable
{
    private const byte IcmpType = 40;
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryDatagramNetwork _network = new();
    private readonly PathHost _one;
    private readonly PathHost _two;

    public PacketPathWaitingTests()
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
    public void Packets_BeforeTheTunnel_WaitAndGoOutInOrder()
    {
        _one.Send(_two, "a", "b");
        _one.Send(_two, "c");
        Assert.Equal([new PacketPathEvent.TunnelWanted(_two.Identifier)], _one.Events());
        Assert.Equal(3, _one.Path.GetPeerTraffic(_two.Identifier)!.Waiting);
        Assert.Empty(_one.Socket.Sent());
        PathHost.Connect(_one, _two);
        _one.Send(_two, "d");
        _two.Path.InboundStep();
        Assert.Equal(["a", "b", "c", "d"], _two.Texts());
        Assert.Equal(0, _one.Path.GetPeerTraffic(_two.Identifier)!.Waiting);
    }

    [Fact]
    public void Packets_BeforeActivation_WaitForIt()
    {
        _one.Install(_two, activate: false);
        _two.Install(_one);
        _one.Send(_two, "patient");
        Assert.Empty(_one.Socket.Sent());
        Assert.True(_one.Path.ActivateOutbound(_one.Spi()));
        _two.Path.InboundStep();
        Assert.Equal(["patient"], _two.Texts());
    }

    [Fact]
    public void TunnelWanted_WhilePacketsKeepComing_IsRepeatedEverySecond()
    {
        for (int i = 0; i < 25; i++)
        {
            _one.Send(_two, "again");
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
        Assert.Equal(3, _one.Events().Count);
    }

    [Fact]
    public void Packets_MoreThanTheQueueHolds_AreDroppedAndCounted()
    {
        _one.Send(_two, [.. Enumerable.Range(0, 70).Select(i => $"{i}")]);
        PeerTraffic traffic = _one.Path.GetPeerTraffic(_two.Identifier)!;
        Assert.Equal((64, 6L), (traffic.Waiting, traffic.WaitingDropped));
    }

    [Fact]
    [Trait("rfc", "4443§3.1")]
    public void Packet_ThatWaitedTooLong_IsAnsweredUnreachable()
    {
        _one.Send(_two, "hopeless");
        _time.Advance(TimeSpan.FromSeconds(7));
        _one.Path.Tick();
        Assert.Empty(_one.Tun.Received());
        _time.Advance(TimeSpan.FromSeconds(2));
        _one.Path.Tick();
        byte[] error = Assert.Single(_one.Tun.Received());
        Assert.Equal([1, 3], error[IcmpType..(IcmpType + 2)]);
        Assert.Equal(_one.Identifier.GetAddressBytes(), error[24..40]);
        PathHost.Connect(_one, _two);
        Assert.Empty(_one.Socket.Sent());
    }

    [Fact]
    [Trait("rfc", "4443§3.1")]
    public void Packet_ToNobody_IsAnsweredNoRoute()
    {
        IPAddress nobody = IPAddress.Parse("fd00::77");
        _one.Tun.Inject(InnerPackets.Make(_one.Identifier, nobody, "hello?"));
        _one.Path.OutboundStep();
        byte[] error = Assert.Single(_one.Tun.Received());
        Assert.Equal([1, 0], error[IcmpType..(IcmpType + 2)]);
        Assert.Equal(1, _one.Path.Counters.DroppedNoPeer);
        Assert.Equal(1, _one.Path.Counters.IcmpSent);
    }

    [Fact]
    public void Packets_MulticastMalformedOrIpv4_AreDroppedInSilence()
    {
        IPAddress routers = IPAddress.Parse("ff02::2");
        byte[] cut = _one.PacketTo(_two, "cut")[..^1];
        _one.Tun.Inject(InnerPackets.Make(_one.Identifier, routers, "solicit"), cut, [0x45, 0, 0, 20, .. new byte[16]], [1]);
        _one.Path.OutboundStep();
        Assert.Empty(_one.Tun.Received());
        Assert.Empty(_one.Socket.Sent());
        Assert.Equal(3, _one.Path.Counters.DroppedNotIpv6);
    }

    [Fact]
    public void Packet_FromAnotherSource_IsNotSent()
    {
        PathHost.Connect(_one, _two);
        _one.Tun.Inject(InnerPackets.Make(IPAddress.Parse("2001:db8::1"), _two.Identifier, "not ours"));
        _one.Path.OutboundStep();
        Assert.Empty(_one.Socket.Sent());
    }

    [Fact]
    [Trait("rfc", "4443§3.2")]
    public void Packet_AboveTheMtu_IsAnsweredTooBig()
    {
        PathHost.Connect(_one, _two);
        _one.Tun.Inject(_one.PacketTo(_two, "fits", 1360), _one.PacketTo(_two, "does not", 1361));
        _one.Path.OutboundStep();
        byte[] error = Assert.Single(_one.Tun.Received());
        Assert.Equal([2, 0], error[IcmpType..(IcmpType + 2)]);
        Assert.Equal([0, 0, 0x05, 0x78], error[44..48]);
        Assert.Single(_one.Socket.Sent());
    }

    [Fact]
    [Trait("rfc", "4443§2.4")]
    public void IcmpErrors_ManyAtOnce_AreLimited()
    {
        byte[] hopeless = InnerPackets.Make(_one.Identifier, IPAddress.Parse("fd00::77"), "x");
        for (int i = 0; i < 250; i++)
        {
            _one.Tun.Inject(hopeless);
            _one.Path.OutboundStep();
        }
        Assert.Equal(100, _one.Path.Counters.IcmpSent);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 50; i++)
        {
            _one.Tun.Inject(hopeless);
            _one.Path.OutboundStep();
        }
        Assert.Equal(110, _one.Path.Counters.IcmpSent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("rfc", "9293§3.7.1")]
    public void Syn_EitherDirection_AnnouncesNoMoreThanFits(bool outbound)
    {
        byte[] syn = new byte[24];
        syn[12] = 6 << 4;
        syn[13] = 2;
        syn[20] = 2;
        syn[21] = 4;
        syn[22] = 0x20;
        PathHost.Connect(_one, _two);
        (PathHost from, PathHost to) = outbound ? (_one, _two) : (_two, _one);
        from.Tun.Inject(InnerPackets.Make(from.Identifier, to.Identifier, 6, syn));
        from.Path.OutboundStep();
        to.Path.InboundStep();
        byte[] received = Assert.Single(to.Tun.Received());
        Assert.Equal(1400 - 60, (received[62] << 8) | received[63]);
    }

    [Fact]
    [Trait("rfc", "3948§4")]
    public void Keepalive_AfterTwentySilentSeconds_IsSent()
    {
        PathHost.Connect(_one, _two);
        _one.Send(_two, "last words");
        for (int second = 0; second < 45; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _one.Path.Tick();
        }
        MemoryDatagram[] keepalives = [.. _one.Socket.Sent().Skip(1)];
        Assert.Equal(2, keepalives.Length);
        Assert.All(keepalives, datagram => Assert.Equal([0xFF], datagram.Data));
        _two.Path.InboundStep();
        Assert.Equal(2, _two.Path.Counters.KeepalivesIn);
        Assert.Equal(["last words"], _two.Texts());
    }

    [Fact]
    [Trait("rfc", "4303§3.3.3")]
    public void Sa_ThatHasSentALot_AsksToBeReplacedUntilItIs()
    {
        var three = new PathHost(_network, _time, 3, new PacketPathOptions { RekeyAfterPackets = 3 });
        PathHost.Connect(three, _one);
        three.Send(_one, "a", "b");
        three.Path.Tick();
        Assert.Empty(three.Events());
        three.Send(_one, "c");
        three.Path.Tick();
        three.Path.Tick();
        var wanted = new PacketPathEvent.SequenceNearlyExhausted(_one.Identifier, three.Spi());
        Assert.Equal([wanted, wanted], three.Events());
        PathHost.Connect(three, _one, generation: 2);
        three.Path.Tick();
        Assert.Empty(three.Events());
    }

    [Fact]
    public void SetPeers_PeerLeft_ItsPacketsAreAnsweredUnlessItHasAnSa()
    {
        PathHost.Connect(_one, _two);
        _one.Path.SetPeers([]);
        _one.Send(_two, "the SA is still there");
        Assert.Single(_one.Socket.Sent());
        _one.Path.Remove(_one.Spi());
        Assert.Null(_one.Path.GetPeerTraffic(_two.Identifier));
        _one.Send(_two, "gone");
        Assert.Equal(1, _one.Path.Counters.DroppedNoPeer);
    }

    [Fact]
    public void Install_PeerNotListed_WorksWhileItsSaLasts()
    {
        _one.Path.SetPeers([]);
        PathHost.Connect(_one, _two);
        _one.Send(_two, "a stranger to the list");
        _two.Path.InboundStep();
        Assert.Equal(["a stranger to the list"], _two.Texts());
    }
}
