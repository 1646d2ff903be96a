using System.Net;
using System.Net.Sockets;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Kit;

/// <summary>TCP on the network in memory.</summary>
public sealed class VirtualConnectionTests
{
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _alice;
    private readonly VirtualHost _bob;

    public VirtualConnectionTests()
    {
        _wire = new VirtualWire(_clock);
        _alice = _wire.Host("10.0.0.1");
        _bob = _wire.Host("10.0.0.2", "fe80::2");
    }

    [Fact]
    public async Task Wire_Connection_CarriesBothWaysAndEnds()
    {
        (Stream alice, VirtualConnection bob) = await ConnectAsync();
        await alice.WriteAsync("ping"u8.ToArray());
        Assert.Equal("ping", await ReadAsync(bob));
        await bob.WriteAsync("pong"u8.ToArray());
        await bob.DisposeAsync();
        Assert.Equal("pong", await ReadAsync(alice));
        Assert.Equal("", await ReadAsync(alice));
        await Assert.ThrowsAsync<IOException>(async () => await alice.WriteAsync(new byte[1]));
        Assert.Equal(IPEndPoint.Parse("10.0.0.2:80"), Assert.Single(_wire.Connects).To);
        Assert.Equal(IPAddress.Parse("10.0.0.1"), bob.RemoteEndPoint.Address);
    }

    [Fact]
    public async Task Wire_NobodyListens_Refuses()
    {
        await using (VirtualListener listener = _bob.Listen(80))
            Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => _bob.Listen(80)).SocketErrorCode);
        SocketException e = await Assert.ThrowsAsync<SocketException>(
            async () => await _alice.ConnectAsync(IPEndPoint.Parse("10.0.0.2:80"), CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    [Fact]
    public async Task Wire_NobodyThere_TimesOutOnTheClock()
    {
        Task connect = _alice.ConnectAsync(IPEndPoint.Parse("10.0.0.9:80"), CancellationToken.None).AsTask();
        await _clock.RunUntilAsync(() => connect.IsCompleted, TimeSpan.FromMinutes(5));
        Assert.Equal(SocketError.TimedOut, (await Assert.ThrowsAsync<SocketException>(() => connect)).SocketErrorCode);
        Assert.Equal(VirtualWire.ConnectTimeout, _clock.Elapsed);
    }

    [Fact]
    public async Task Wire_Latency_ConnectingTakesARoundTripAndBytesHalfOfOne()
    {
        _wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(40) };
        await using VirtualListener listener = _bob.Listen(80);
        Task<Stream> connect = _alice.ConnectAsync(listener.LocalEndPoint, CancellationToken.None).AsTask();
        await _clock.RunUntilAsync(() => connect.IsCompleted, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(80), _clock.Elapsed);
        await using VirtualConnection bob = await listener.AcceptAsync(CancellationToken.None);
        Task<string> read = ReadAsync(await connect);
        Task write = bob.WriteAsync("late"u8.ToArray()).AsTask();
        await _clock.RunUntilAsync(() => read.IsCompleted, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(120), _clock.Elapsed);
        await write;
    }

    [Fact]
    public async Task Connection_ReaderAsleep_WriterWaits()
    {
        (Stream alice, VirtualConnection bob) = await ConnectAsync();
        Task flood = Task.Run(async () =>
        {
            while (true) await bob.WriteAsync(new byte[10_000]);
        });
        await FakeClock.SettleAsync();
        Assert.False(flood.IsCompleted);
        await alice.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => flood);
    }

    [Fact]
    public async Task Connection_Aborted_ReaderSeesTheReset()
    {
        (Stream alice, VirtualConnection bob) = await ConnectAsync();
        bob.Abort(SocketError.ConnectionReset);
        IOException e = await Assert.ThrowsAsync<IOException>(() => ReadAsync(alice));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(e.InnerException).SocketErrorCode);
    }

    private async Task<(Stream Alice, VirtualConnection Bob)> ConnectAsync()
    {
        await using VirtualListener listener = _bob.Listen(80);
        Stream alice = await _alice.ConnectAsync(listener.LocalEndPoint, CancellationToken.None);
        return (alice, await listener.AcceptAsync(CancellationToken.None));
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[100];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }
}
