using System.Net;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

/// <summary>The gateway finder on real routing tables.</summary>
public sealed class NetlinkGatewayFinderTests
{
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
    public void GatewayFinderV6_RouterAdvertisedDefault_LinkLocalWithScopeAndGlobalSource()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0", "2001:db8:1::5/64", "fd00:1::5/64");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0", "metric", "1024");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefaultV6());
        Assert.NotNull(route);
        Assert.Equal(new IPAddress(IPAddress.Parse("fe80::1").GetAddressBytes(), route.InterfaceIndex), route.Gateway);
        Assert.Equal(IPAddress.Parse("2001:db8:1::5"), route.LocalAddress);
        Assert.Equal("eth0", route.InterfaceName);
        Assert.Null(NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefault()));
    }

    [Fact]
    public void GatewayFinderV6_OnlyUniqueLocalAddresses_Null()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0", "fd00:1::5/64");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
        Assert.Null(NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefaultV6()));
    }

    [Fact]
    public void GatewayFinderV6_DeprecatedAddressBesideAnother_TheOtherIsTaken()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0", "2001:db8:2::7/64");
        home.Ip("addr", "add", "2001:db8:1::5/64", "dev", "eth0", "nodad", "preferred_lft", "0");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0", "src", "2001:db8:1::5");
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefaultV6());
        Assert.Equal(IPAddress.Parse("2001:db8:2::7"), route?.LocalAddress);
    }

    [Fact]
    public void GatewayFinderV6_TemporaryAddressesPreferredByTheKernel_TheLastingOneIsTaken()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0");
        Command.Run("ip", ["netns", "exec", home.Name, "sysctl", "-qw", "net.ipv6.conf.eth0.use_tempaddr=2"]).Require();
        home.Ip("addr", "add", "2001:db8:1::5/64", "dev", "eth0", "nodad", "mngtmpaddr");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
        Assert.Contains("temporary", home.Ip("-6", "addr", "show", "dev", "eth0"), StringComparison.Ordinal);
        GatewayRoute? route = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindDefaultV6());
        Assert.Equal(IPAddress.Parse("2001:db8:1::5"), route?.LocalAddress);
    }

    [Fact]
    public void GatewayFinderV6_SeveralRoutes_MetricDecides()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0", "2001:db8:1::5/64");
        PlugV6(home, "eth1", "2001:db8:2::5/64");
        PlugV6(home, "eth2", "2001:db8:3::5/64");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0", "metric", "1024", "pref", "low");
        home.Ip("-6", "route", "add", "default", "via", "fe80::2", "dev", "eth1", "metric", "512");
        home.Ip("-6", "route", "add", "default", "via", "fe80::3", "dev", "eth2", "metric", "2048", "pref", "high");
        IReadOnlyList<GatewayRoute> routes = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindAll());
        Assert.Equal(["eth1", "eth0", "eth2"], routes.Select(r => r.InterfaceName));
        Assert.Equal(
            ["2001:db8:2::5", "2001:db8:1::5", "2001:db8:3::5"], routes.Select(r => r.LocalAddress.ToString()));
    }

    [Fact]
    public void GatewayFinderV6_Multipath_EveryHopIsFound()
    {
        using TestNamespace home = MakeNamespace();
        PlugV6(home, "eth0", "2001:db8:1::5/64");
        home.Ip("-6", "route", "add", "default", "nexthop", "via", "fe80::1", "dev", "eth0", "nexthop", "via", "fe80::2", "dev", "eth0");
        IReadOnlyList<GatewayRoute> routes = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindAll());
        Assert.Equal(["fe80::1", "fe80::2"], routes.Select(r => new IPAddress(r.Gateway.GetAddressBytes()).ToString()).Order());
    }

    [Fact]
    public void FindAll_BothFamilies_BestMetricFirstAndEachGatewayOnce()
    {
        using TestNamespace home = MakeNamespace();
        Plug(home, "wlan0", "192.168.1.100/24");
        Plug(home, "eth1", "10.0.0.5/8");
        PlugV6(home, "eth2", "2001:db8:1::5/64");
        home.Ip("route", "add", "default", "via", "10.0.0.1", "metric", "600");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "metric", "100");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "metric", "200");
        home.Ip("route", "add", "default", "dev", "eth1", "metric", "50");
        home.Ip("route", "add", "unreachable", "default", "metric", "10");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth2");
        IReadOnlyList<GatewayRoute> routes = NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindAll());
        Assert.Equal(["wlan0", "eth1", "eth2"], routes.Select(r => r.InterfaceName));
        Assert.Equal(["192.168.1.1", "10.0.0.1"], routes.Take(2).Select(r => r.Gateway.ToString()));
    }

    [Fact]
    public void FindAll_NoRoutes_Empty()
    {
        using TestNamespace home = MakeNamespace();
        Assert.Empty(NetworkNamespace.Run(home.Name, () => new NetlinkGatewayFinder().FindAll()));
    }

    private static TestNamespace MakeNamespace() => PluggedNamespace.Make();

    private static void Plug(TestNamespace home, string name, string address) => PluggedNamespace.Plug(home, name, address);

    private static void PlugV6(TestNamespace home, string name, params string[] addresses)
    {
        PluggedNamespace.Plug(home, name);
        foreach (string address in addresses) home.Ip("addr", "add", address, "dev", name, "nodad");
    }
}
