using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

public sealed class NetlinkTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public void GatewayFinder_NoDefaultRoute_Null()
    {
        using TestNamespace home = MakeNamespace();
        Assert.Null(NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault()));
    }

    [Fact]
    public void GatewayFinder_SeveralDefaultRoutes_LowestMetricWins()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "wlan0", "192.168.1.100/24");
        Plug(home, "eth1", "10.0.0.5/8");
        home.Ip("route", "add", "default", "via", "10.0.0.1", "metric", "600");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "metric", "100");
        home.Ip("route", "add", "0.0.0.0/1", "via", "10.0.0.9");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault());
        Assert.NotNull(route);
        Assert.Equal(IPAddress.Parse("192.168.1.1"), route.Gateway);
        Assert.Equal(IPAddress.Parse("192.168.1.100"), route.LocalAddress);
        Assert.Equal("wlan0", route.InterfaceName);
        Assert.NotEqual(0, route.InterfaceIndex);
    }

    [Fact]
    public void GatewayFinder_RouteWithSource_LocalAddressIsThatSource()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "eth0", "192.168.1.100/24");
        home.Ip("addr", "add", "192.168.1.200/24", "dev", "eth0");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "src", "192.168.1.200");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault());
        Assert.Equal(IPAddress.Parse("192.168.1.200"), route?.LocalAddress);
    }

    [Fact]
    public void GatewayFinder_LinkWithoutCarrier_IsPassedOver()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "eth0", "192.168.1.100/24");
        Plug(home, "wlan0", "10.0.0.5/24");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "metric", "100");
        home.Ip("route", "add", "default", "via", "10.0.0.1", "metric", "600");
        home.Ip("link", "set", "eth0-far", "down");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault());
        Assert.Equal("wlan0", route?.InterfaceName);
    }

    [Fact]
    public void GatewayFinder_MultipathDefault_TakesAHop()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "eth0", "192.168.1.100/24");
        Plug(home, "eth1", "10.0.0.5/24");
        home.Ip("route", "add", "default", "nexthop", "via", "192.168.1.1", "nexthop", "via", "10.0.0.1");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault());
        Assert.Equal(IPAddress.Parse("192.168.1.1"), route?.Gateway);
        Assert.Equal(IPAddress.Parse("192.168.1.100"), route?.LocalAddress);
    }

    [Fact]
    public async Task Monitor_LinkAddressAndRouteChange_EachIsTold()
    {
        using TestNamespace home = MakeNamespace();
        await using NetlinkNetworkMonitor monitor = NetworkNamespace.Run(home.Name, () => new NetlinkNetworkMonitor());
        ChannelReader<NetworkChange> changes = monitor.Subscribe();
        Plug(home, "eth0", "192.168.1.100/24");
        await ReadUntilAsync(changes, NetworkChangeKind.Link);
        await ReadUntilAsync(changes, NetworkChangeKind.Address);
        home.Ip("route", "add", "default", "via", "192.168.1.1");
        NetworkChange route = await ReadUntilAsync(changes, NetworkChangeKind.Route);
        Assert.NotEqual(0, route.InterfaceIndex);
        home.Ip("addr", "add", "2001:db8::1/64", "dev", "eth0");
        await ReadUntilAsync(changes, NetworkChangeKind.Address);
        home.Ip("link", "set", "eth0", "down");
        await ReadUntilAsync(changes, NetworkChangeKind.Link);
    }

    [Fact]
    public async Task Monitor_MoreEventsThanTheKernelKeeps_TellsOfAnOverrun()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "eth0", "192.168.1.100/24");
        const int smallest = 1;
        await using NetlinkNetworkMonitor monitor = NetworkNamespace.Run(home.Name, () => new NetlinkNetworkMonitor(smallest));
        ChannelReader<NetworkChange> changes = monitor.Subscribe();
        string batch = string.Join('\n', Enumerable.Range(0, 2000).Select(i => $"route add 10.{i / 250}.{i % 250}.0/24 via 192.168.1.1\nroute del 10.{i / 250}.{i % 250}.0/24"));
        bool overrun = false;
        for (int attempt = 0; attempt < 20 && !overrun; attempt++)
        {
            Command.Run("ip", ["-n", home.Name, "-batch", "-"], input: batch + "\n").Require();
            await Task.Delay(50);
            while (changes.TryRead(out NetworkChange change)) overrun |= change.Kind == NetworkChangeKind.Overrun;
        }

        Assert.True(overrun);
        home.Ip("addr", "add", "192.168.1.7/24", "dev", "eth0");
        await ReadUntilAsync(changes, NetworkChangeKind.Address);
    }

    [Fact]
    public async Task Monitor_Disposed_CompletesItsChannels()
    {
        NetlinkNetworkMonitor monitor = new();
        ChannelReader<NetworkChange> before = monitor.Subscribe();
        await monitor.DisposeAsync();
        await before.Completion.WaitAsync(s_limit);
        await monitor.Subscribe().Completion.WaitAsync(s_limit);
    }

    private static async Task<NetworkChange> ReadUntilAsync(ChannelReader<NetworkChange> changes, NetworkChangeKind kind)
    {
        using CancellationTokenSource deadline = new(s_limit);
        while (true)
        {
            NetworkChange change = await changes.ReadAsync(deadline.Token);
            if (change.Kind == kind) return change;
        }
    }

    private static TestNamespace MakeNamespace()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "network namespaces need root on Linux");
        Assert.SkipUnless(Command.Exists("ip"), "the program ip (iproute2) is missing");
        return new TestNamespace();
    }

    private static void Plug(TestNamespace home, string name, string address)
    {
        home.Ip("link", "add", name, "type", "veth", "peer", "name", $"{name}-far");
        home.Ip("link", "set", $"{name}-far", "up");
        home.Ip("link", "set", name, "up");
        home.Ip("addr", "add", address, "dev", name);
    }
}
