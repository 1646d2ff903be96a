using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Platform.Sockets;

namespace Btmm.Platform.Tests.Sockets;

public sealed class UdpDatagramChannelTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private static readonly IPEndPoint s_any = new(IPAddress.Loopback, 0);
    private readonly UdpDatagramChannelFactory _factory = new();

    [Fact]
    public async Task Channel_Datagram_ArrivesWithItsSender()
    {
        await using IDatagramChannel a = _factory.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _factory.Open(new DatagramChannelOptions(s_any));
        await a.SendAsync(new byte[] { 1, 2, 3 }, b.LocalEndPoint, CancellationToken.None);
        byte[] buffer = new byte[16];
        ReceivedDatagram received = await ReceiveAsync(b, buffer);
        Assert.Equal(new ReceivedDatagram(3, a.LocalEndPoint, false), received);
        Assert.Equal([1, 2, 3], buffer[..3]);
    }

    [Theory]
    [InlineData(4, 4, false)]
    [InlineData(5, 4, true)]
    [InlineData(1400, 4, true)]
    [InlineData(0, 0, false)]
    public async Task Channel_DatagramLongerThanBuffer_IsMarkedTruncated(int sent, int room, bool truncated)
    {
        await using IDatagramChannel a = _factory.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _factory.Open(new DatagramChannelOptions(s_any));
        await a.SendAsync(new byte[sent], b.LocalEndPoint, CancellationToken.None);
        ReceivedDatagram received = await ReceiveAsync(b, new byte[room]);
        Assert.Equal(Math.Min(sent, room), received.Length);
        Assert.Equal(truncated, received.Truncated);
    }

    [Fact]
    public async Task ConnectedChannel_PortClosed_ReceiveSaysRefused()
    {
        IPEndPoint closed = await ClosedPortAsync();
        await using IDatagramChannel channel = _factory.Open(new DatagramChannelOptions(s_any, Connect: closed));
        ValueTask<ReceivedDatagram> pending = channel.ReceiveAsync(new byte[16], CancellationToken.None);
        await channel.SendAsync(new byte[1], closed, CancellationToken.None);
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () => await pending.AsTask().WaitAsync(s_limit));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    [Fact]
    public async Task UnconnectedChannel_PortClosed_KeepsWorking()
    {
        IPEndPoint closed = await ClosedPortAsync();
        await using IDatagramChannel a = _factory.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _factory.Open(new DatagramChannelOptions(s_any));
        for (int i = 0; i < 3; i++) await a.SendAsync(new byte[1], closed, CancellationToken.None);
        await b.SendAsync(new byte[] { 9 }, a.LocalEndPoint, CancellationToken.None);
        byte[] buffer = new byte[4];
        Assert.Equal(1, (await ReceiveAsync(a, buffer)).Length);
        Assert.Equal(9, buffer[0]);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task ReportingChannel_PortClosed_ReceiveSaysRefusedAndGoesOn(string address)
    {
        IPEndPoint any = new(IPAddress.Parse(address), 0);
        Assert.SkipUnless(any.AddressFamily == AddressFamily.InterNetwork || Socket.OSSupportsIPv6, "no IPv6 here");
        IPEndPoint closed = await ClosedPortAsync(any);
        await using IDatagramChannel channel = _factory.Open(new DatagramChannelOptions(any, ReportUnreachable: true));
        for (int round = 0; round < 2; round++)
        {
            ValueTask<ReceivedDatagram> pending = channel.ReceiveAsync(new byte[16], CancellationToken.None);
            await channel.SendAsync(new byte[1], closed, CancellationToken.None);
            SocketException e = await Assert.ThrowsAsync<SocketException>(async () => await pending.AsTask().WaitAsync(s_limit));
            Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
        }

        // Somebody may answer from another port than the one that was asked.
        await using IDatagramChannel other = _factory.Open(new DatagramChannelOptions(any));
        await other.SendAsync(new byte[3], channel.LocalEndPoint, CancellationToken.None);
        Assert.Equal(new ReceivedDatagram(3, other.LocalEndPoint, false), await ReceiveAsync(channel, new byte[16]));
    }

    [Fact]
    public async Task Channel_DisposedWhileReceiving_ReceiveEnds()
    {
        IDatagramChannel channel = _factory.Open(new DatagramChannelOptions(s_any));
        ValueTask<ReceivedDatagram> pending = channel.ReceiveAsync(new byte[16], CancellationToken.None);
        await channel.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pending.AsTask().WaitAsync(s_limit));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await channel.SendAsync(new byte[1], s_any, CancellationToken.None));
    }

    [Fact]
    public async Task Channel_ReceiveCancelled_NextReceiveWorks()
    {
        await using IDatagramChannel a = _factory.Open(new DatagramChannelOptions(s_any));
        await using IDatagramChannel b = _factory.Open(new DatagramChannelOptions(s_any));
        using CancellationTokenSource user = new();
        ValueTask<ReceivedDatagram> pending = b.ReceiveAsync(new byte[16], user.Token);
        await user.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        await a.SendAsync(new byte[] { 7 }, b.LocalEndPoint, CancellationToken.None);
        Assert.Equal(1, (await ReceiveAsync(b, new byte[16])).Length);
    }

    [Fact]
    public async Task DualModeChannel_Ipv4Peer_IsSeenAsIpv4()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        await using IDatagramChannel dual = _factory.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.IPv6Any, 0)));
        await using IDatagramChannel four = _factory.Open(new DatagramChannelOptions(s_any));
        await dual.SendAsync(new byte[] { 1 }, four.LocalEndPoint, CancellationToken.None);
        ReceivedDatagram there = await ReceiveAsync(four, new byte[4]);
        await four.SendAsync(new byte[] { 2 }, there.Remote, CancellationToken.None);
        Assert.Equal(four.LocalEndPoint, (await ReceiveAsync(dual, new byte[4])).Remote);
    }

    [Fact]
    public async Task Dialer_ListenerThere_Connects()
    {
        using TcpListener listener = new(s_any);
        listener.Start();
        IPEndPoint at = (IPEndPoint)listener.LocalEndpoint;
        await using Stream stream = await new TcpStreamDialer().ConnectAsync(at, CancellationToken.None);
        using TcpClient server = await listener.AcceptTcpClientAsync();
        await stream.WriteAsync(new byte[] { 5 });
        byte[] one = new byte[1];
        await server.GetStream().ReadExactlyAsync(one);
        Assert.Equal(5, one[0]);
    }

    [Fact]
    public async Task Dialer_NobodyThere_SaysRefused()
    {
        using TcpListener listener = new(s_any);
        listener.Start();
        IPEndPoint at = (IPEndPoint)listener.LocalEndpoint;
        listener.Stop();
        await Assert.ThrowsAsync<SocketException>(async () => await new TcpStreamDialer().ConnectAsync(at, CancellationToken.None));
    }

    private async Task<IPEndPoint> ClosedPortAsync(IPEndPoint? local = null)
    {
        await using IDatagramChannel channel = _factory.Open(new DatagramChannelOptions(local ?? s_any));
        return channel.LocalEndPoint;
    }

    private static Task<ReceivedDatagram> ReceiveAsync(IDatagramChannel channel, byte[] buffer) =>
        channel.ReceiveAsync(buffer, CancellationToken.None).AsTask().WaitAsync(s_limit);
}
