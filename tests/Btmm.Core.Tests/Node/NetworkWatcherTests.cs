using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Node;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Node;

public sealed class NetworkWatcherTests
{
    private static readonly GatewayRoute s_home = Route("192.168.1.1", "192.168.1.100");
    private static readonly GatewayRoute s_cafe = Route("10.0.1.1", "10.0.1.102");
    private readonly FakeTimeProvider _time = new();
    private readonly FakeMonitor _monitor = new();
    private readonly FakeGateways _gateways = new() { Route = s_home };

    [Fact]
    public async Task Changes_NewDefaultRoute_IsToldAtOnce()
    {
        await using NetworkWatcher watcher = Start();
        _gateways.Route = s_cafe;
        _monitor.Raise(NetworkChangeKind.Route, 2);
        NetworkState state = await watcher.Changes.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(s_cafe, state.Route);
        Assert.False(state.Resumed);
    }

    [Fact]
    public async Task Changes_LinkOfDefaultRouteTouched_IsToldAfterTheBurst()
    {
        await using NetworkWatcher watcher = Start();
        _monitor.Raise(NetworkChangeKind.Link, 2);
        Task<NetworkState> next = watcher.Changes.ReadAsync().AsTask();
        Assert.Equal(s_home, (await AdvanceUntilAsync(next)).Route);
    }

    [Fact]
    public async Task Changes_OtherInterface_IsNotTold()
    {
        await using NetworkWatcher watcher = Start();
        _monitor.Raise(NetworkChangeKind.Link, 9);
        _monitor.Raise(NetworkChangeKind.Address, 9);
        await _monitor.DrainedAsync();
        _gateways.Route = null;
        _monitor.Raise(NetworkChangeKind.Route, 9);
        NetworkState state = await watcher.Changes.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(state.Route);
    }

    [Fact]
    public async Task Changes_WallClockRanAhead_MeansTheMachineSlept()
    {
        await using NetworkWatcher watcher = Start();
        Task<NetworkState> next = watcher.Changes.ReadAsync().AsTask();
        _time.AdjustTime(_time.GetUtcNow() + TimeSpan.FromMinutes(30));
        NetworkState state = await AdvanceUntilAsync(next);
        Assert.True(state.Resumed);
    }

    private NetworkWatcher Start()
    {
        var watcher = new NetworkWatcher(_monitor, _gateways, _time);
        watcher.Start();
        return watcher;
    }

    private async Task<T> AdvanceUntilAsync<T>(Task<T> task)
    {
        DateTime deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!task.IsCompleted && DateTime.UtcNow < deadline)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        return await task.WaitAsync(TimeSpan.FromSeconds(1));
    }

    private static GatewayRoute Route(string gateway, string local) => new(IPAddress.Parse(gateway), IPAddress.Parse(local), 2, "eth0");

    private sealed class FakeGateways : IGatewayFinder
    {
        internal volatile GatewayRoute? Route;

        public GatewayRoute? FindDefault() => Route;

        public GatewayRoute? FindDefaultV6() => null;

        public System.Net.NetworkInformation.PhysicalAddress? FindLinkAddress(GatewayRoute route) => null;

        public IReadOnlyList<GatewayRoute> FindAll() => Route is { } only ? [only] : [];
    }

    private sealed class FakeMonitor : INetworkMonitor
    {
        private readonly Channel<NetworkChange> _channel = Channel.CreateUnbounded<NetworkChange>();

        public ChannelReader<NetworkChange> Subscribe() => _channel.Reader;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        internal void Raise(NetworkChangeKind kind, int index) => _channel.Writer.TryWrite(new NetworkChange(kind, index));

        internal async Task DrainedAsync()
        {
            while (_channel.Reader.Count > 0) await Task.Yield();
        }
    }
}
