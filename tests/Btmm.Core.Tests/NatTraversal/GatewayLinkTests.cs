using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal;

/// <summary>The end of a link with exchanges under way, and what it refuses to begin.</summary>
public sealed class GatewayLinkTests
{
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly NatPmpClient _client;

    public GatewayLinkTests()
    {
        _wire = new VirtualWire(_clock);
        _host = _wire.Host("192.168.1.100");
        _wire.Host("192.168.1.1");
        _wire.Filter = _ => false; // A gateway that is silent for ever.
        _client = new NatPmpClient(new GatewayRoute(IPAddress.Parse("192.168.1.1"), _host.Address, 2, "eth0"), _host, _clock);
    }

    [Fact]
    public async Task Dispose_OneExchangeUnderWayAndOthersInLine_AllHaveEndedWhenItReturns()
    {
        Task[] calls = [.. Enumerable.Range(0, 3).Select(_ => _client.GetExternalAddressAsync(CancellationToken.None))];
        await FakeClock.SettleAsync();
        await _client.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        foreach (Task call in calls) await Assert.ThrowsAsync<ObjectDisposedException>(() => call.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Single(_wire.Sent);
    }

    [Fact]
    public async Task Exchange_AfterDisposal_IsRefusedAndNothingIsSent()
    {
        await _client.DisposeAsync();
        await _client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _client.GetExternalAddressAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(_wire.Sent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Exchange_WithoutATry_IsRefused(int tries)
    {
        await using NatPmpClient client = _client;
        Task<Task<GatewayAnswer>> call = Task.Run(() => Task.FromResult(client.GetExternalAddressAsync(CancellationToken.None, tries)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await await call.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Exchange_AfterOneWithoutAnAnswer_HasANewSocketAndAfterAnAnswerTheSame()
    {
        await using NatPmpClient client = _client;
        for (int i = 0; i < 2; i++) await Assert.ThrowsAsync<BtmmException>(() => RunAsync(client.GetExternalAddressAsync(CancellationToken.None, 1)));
        await using FakeGateway gateway = new(_wire, "192.168.1.1", "203.0.113.10", _clock);
        _wire.Filter = null;
        for (int i = 0; i < 2; i++) await RunAsync(client.GetExternalAddressAsync(CancellationToken.None, 3));
        int[] ports = [.. _wire.Sent.Where(sent => sent.To.Port == NatPmpConstants.GatewayPort).Select(sent => sent.From.Port)];
        Assert.Equal(4, ports.Length);
        Assert.Equal(3, ports.Distinct().Count());
        Assert.Equal(ports[2], ports[3]);
    }

    [Fact]
    public async Task Exchange_AnswerLongerThanAnyOfTheProtocol_IsIgnored()
    {
        await using NatPmpClient client = _client;
        Task<GatewayAnswer> call = client.GetExternalAddressAsync(CancellationToken.None, 1);
        await FakeClock.SettleAsync();
        string self = Assert.Single(_wire.Sent).From.ToString();
        _wire.Filter = null;
        _wire.Inject("192.168.1.1:5351", self, new byte[] { 0, 128, 0, 0, 0, 0, 0, 7, 203, 0, 113, 9 }.Concat(new byte[60]).ToArray());
        await FakeClock.SettleAsync();
        Assert.False(call.IsCompleted);
        _wire.Inject("192.168.1.1:5351", self, new byte[] { 0, 128, 0, 0, 0, 0, 0, 7, 203, 0, 113, 10 });
        Assert.Equal(IPAddress.Parse("203.0.113.10"), (await RunAsync(call)).ExternalAddress);
    }

    [Fact]
    public async Task Exchange_SocketFailedWhileNobodyAsked_HasANewOne()
    {
        FailingChannels channels = new();
        await using NatPmpClient client = new(new GatewayRoute(IPAddress.Parse("192.168.1.1"), _host.Address, 2, "eth0"), channels, _clock);
        for (int i = 1; i <= 3; i++)
        {
            await RunAsync(client.GetExternalAddressAsync(CancellationToken.None, 1));
            await FakeClock.SettleAsync();
            Assert.Equal(i, channels.Opened);
        }
    }

    [Fact]
    public async Task Listener_ErrorsOfTheSocket_AreSurvivedAndLongDatagramsLeftOut()
    {
        FaultyChannel channel = new();
        await using GroupListener listener = new(
            channel, new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 0)), maxLength: 4, (_, _) => new GatewayAnnouncement(true));
        Assert.True(await listener.Announcements.WaitToReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(listener.Announcements.TryRead(out _));
        Assert.False(listener.Announcements.TryRead(out _));
        Assert.Equal(FaultyChannel.Errors, channel.Failed);
    }

    private async Task<T> RunAsync<T>(Task<T> task)
    {
        await _clock.RunUntilAsync(() => task.IsCompleted, TimeSpan.FromMinutes(5));
        return await task;
    }

    /// <summary>Sockets that each hear one answer and then fail, as when an interface goes.</summary>
    private sealed class FailingChannels : IDatagramChannelFactory
    {
        public int Opened { get; private set; }

        public IDatagramChannel Open(DatagramChannelOptions options)
        {
            Opened++;
            return new Channel();
        }

        private sealed class Channel : IDatagramChannel
        {
            private readonly TaskCompletionSource<IPEndPoint> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
            private bool _answered;

            public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Any, 0);

            public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken)
            {
                _asked.TrySetResult(remote);
                return ValueTask.CompletedTask;
            }

            public async ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
            {
                if (_answered) throw new SocketException((int)SocketError.NetworkDown);
                IPEndPoint gateway = await _asked.Task.WaitAsync(cancellationToken);
                _answered = true;
                new byte[] { 0, 128, 0, 0, 0, 0, 0, 7, 203, 0, 113, 10 }.CopyTo(buffer);
                return new ReceivedDatagram(12, gateway, Truncated: false);
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    /// <summary>A socket that fails a few times, then receives a datagram that is too long and one that is not.</summary>
    private sealed class FaultyChannel : IDatagramChannelFactory, IDatagramChannel
    {
        public const int Errors = 5;

        private int _received;

        public int Failed { get; private set; }

        public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Any, 0);

        public IDatagramChannel Open(DatagramChannelOptions options) => this;

        public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint remote, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public async ValueTask<ReceivedDatagram> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (Failed < Errors)
            {
                Failed++;
                throw new SocketException((int)SocketError.NetworkDown);
            }

            _received++;
            if (_received > 2) await Task.Delay(Timeout.Infinite, cancellationToken);
            return new ReceivedDatagram(buffer.Length, LocalEndPoint, Truncated: _received == 1);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
