using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

public sealed class NetlinkTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

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

    private static TestNamespace MakeNamespace() => PluggedNamespace.Make();

    private static void Plug(TestNamespace home, string name, string address) => PluggedNamespace.Plug(home, name, address);
}
