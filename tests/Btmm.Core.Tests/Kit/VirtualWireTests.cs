using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Kit;

/// <summary>The network in memory that other tests stand on.</summary>
public sealed class VirtualWireTests
{
    private static readonly IPEndPoint s_any = new(IPAddress.Any, 0);
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _alice;
    private readonly VirtualHost _bob;

    public VirtualWireTests()
    {
        _wire = new VirtualWire(_clock, seed: 7);
        _alice = _wire.Host("10.0.0.1");
        _bob = _wire.Host("10.0.0.2");
    }

    [Fact]
    public async Task Wire_Perfect_DeliversAtOnceInOrder()
    {
        await using IDatagramChannel a = _alice.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _bob.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 53)));
        for (byte i = 0; i < 5; i++) await a.SendAsync(new[] { i }, b.LocalEndPoint, CancellationToken.None);
        byte[] buffer = new byte[8];
        for (byte i = 0; i < 5; i++)
        {
            Assert.Equal(new ReceivedDatagram(1, a.LocalEndPoint, false), await b.ReceiveAsync(buffer, CancellationToken.None));
            Assert.Equal(i, buffer[0]);
        }
    }

    [Fact]
    public async Task Wire_Latency_DeliversOnTheClock()
    {
        _wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(40) };
        await using IDatagramChannel a = _alice.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _bob.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 53)));
        await a.SendAsync(new byte[1], b.LocalEndPoint, CancellationToken.None);
        Task<ReceivedDatagram> arrival = b.ReceiveAsync(new byte[8], CancellationToken.None).AsTask();
        Assert.Equal(TimeSpan.FromMilliseconds(40), _clock.NextTimer);
        _clock.Advance(TimeSpan.FromMilliseconds(39));
        Assert.False(arrival.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await arrival;
        Assert.Null(_clock.NextTimer);
    }

    [Fact]
    public async Task Wire_LossDuplicationReordering_HappenAboutAsOftenAsAsked()
    {
        _wire.Conditions = new WireConditions { Loss = 0.2, Duplication = 0.5 };
        await using IDatagramChannel a = _alice.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _bob.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 53)));
        for (int i = 0; i < 600; i++) await a.SendAsync(new byte[1], b.LocalEndPoint, CancellationToken.None);
        Assert.Equal(600, _wire.Sent.Count);
        int arrived = 0;
        while (await IsThereOneAsync(b)) arrived++;
        Assert.InRange(arrived, 600, 840); // 600 x 0.8 x 1.5 = 720, with the same seed every time
    }

    [Fact]
    public async Task Wire_ClosedPort_OnlyAConnectedSenderHears()
    {
        IPEndPoint closed = new(_bob.Address, 9);
        await using IDatagramChannel connected = _alice.Open(new DatagramChannelOptions(s_any, Connect: closed));
        await using IDatagramChannel loose = _alice.Open(new DatagramChannelOptions(s_any));
        await connected.SendAsync(new byte[1], closed, CancellationToken.None);
        await loose.SendAsync(new byte[1], closed, CancellationToken.None);
        SocketException e = await Assert.ThrowsAsync<SocketException>(
            async () => await connected.ReceiveAsync(new byte[8], CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
        Assert.False(await IsThereOneAsync(loose));
    }

    [Fact]
    public async Task Wire_Multicast_ReachesEveryMember()
    {
        IPAddress group = IPAddress.Parse("224.0.0.1");
        DatagramChannelOptions options = new(new IPEndPoint(group, 5350), MulticastGroup: group, ReuseAddress: true);
        await using IDatagramChannel first = _bob.Open(options);
        await using IDatagramChannel second = _bob.Open(options);
        _wire.Inject("10.0.0.1:5351", "224.0.0.1:5350", new byte[] { 1 });
        Assert.Equal("10.0.0.1:5351", (await first.ReceiveAsync(new byte[8], CancellationToken.None)).Remote.ToString());
        Assert.Equal(1, (await second.ReceiveAsync(new byte[8], CancellationToken.None)).Length);
    }

    [Fact]
    public async Task Host_SeveralAddresses_SendsFromTheOneThatFits()
    {
        VirtualHost router = _wire.Host("10.0.0.3", "fe80::3");
        VirtualHost client = _wire.Host("10.0.0.4", "fe80::4", "2001:db8::4");
        await using IDatagramChannel server = router.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.IPv6Any, 53)));
        IPEndPoint to = IPEndPoint.Parse("[fe80::3%2]:53");
        await using IDatagramChannel free = client.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.IPv6Any, 0), Connect: to));
        await using IDatagramChannel bound = client.Open(
            new DatagramChannelOptions(new IPEndPoint(IPAddress.Parse("2001:db8::4"), 0), Connect: to));
        await free.SendAsync(new byte[1], to, CancellationToken.None);
        await bound.SendAsync(new byte[1], to, CancellationToken.None);
        Assert.Equal(IPAddress.Parse("fe80::4%2"), (await server.ReceiveAsync(new byte[8], CancellationToken.None)).Remote.Address);
        IPEndPoint global = (await server.ReceiveAsync(new byte[8], CancellationToken.None)).Remote;
        Assert.Equal(bound.LocalEndPoint, global);
        await server.SendAsync(new byte[1], global, CancellationToken.None);
        Assert.Equal(to, (await bound.ReceiveAsync(new byte[8], CancellationToken.None)).Remote);
    }

    [Fact]
    public async Task Host_Moved_ReceivesAtItsNewAddressOnly()
    {
        await using IDatagramChannel b = _bob.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 53)));
        _bob.MoveTo("10.9.9.9");
        _wire.Inject("10.0.0.1:1", "10.0.0.2:53", new byte[] { 1 });
        _wire.Inject("10.0.0.1:1", "10.9.9.9:53", new byte[] { 2 });
        byte[] buffer = new byte[8];
        await b.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal(2, buffer[0]);
        Assert.Equal("10.9.9.9:53", b.LocalEndPoint.ToString());
    }

    [Fact]
    public void Host_PortInUse_SaysSo()
    {
        DatagramChannelOptions options = new(new IPEndPoint(IPAddress.Any, 53));
        _alice.Open(options);
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => _alice.Open(options)).SocketErrorCode);
    }

    [Fact]
    public async Task Clock_RunUntil_GoesFromTimerToTimer()
    {
        int ticks = 0;
        using ITimer timer = _clock.CreateTimer(_ => ticks++, null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
        await _clock.RunUntilAsync(() => ticks == 3, TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromSeconds(30), _clock.Elapsed);
        await Assert.ThrowsAsync<TimeoutException>(() => _clock.RunUntilAsync(() => false, TimeSpan.FromMinutes(1)));
        await _clock.RunForAsync(TimeSpan.FromSeconds(7));
    }

    private static async Task<bool> IsThereOneAsync(IDatagramChannel channel)
    {
        using CancellationTokenSource now = new();
        Task<ReceivedDatagram> arrival = channel.ReceiveAsync(new byte[8], now.Token).AsTask();
        bool there = arrival.IsCompleted;
        await now.CancelAsync();
        await arrival.ContinueWith(_ => { }, TaskScheduler.Default);
        return there;
    }
}
