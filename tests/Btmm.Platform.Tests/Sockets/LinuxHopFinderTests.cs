using System.Net;
using Btmm.Core.Contracts;
using Btmm.Platform.Tests.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Sockets;

/// <summary>Hops over a chain of real routers: host - near - far - server.</summary>
public sealed class LinuxHopFinderTests : IDisposable
{
    private const string Server = "10.3.0.2";
    private const string ServerV6 = "2001:db8:3::2";
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(300);

    private readonly TestNamespace[] _chain;

    public LinuxHopFinderTests()
    {
        _chain = [PluggedNamespace.Make(), PluggedNamespace.Make(), PluggedNamespace.Make(), PluggedNamespace.Make()];
        for (int link = 1; link <= 3; link++) Join(_chain[link - 1], _chain[link], link);
        foreach (TestNamespace router in _chain[1..3])
            Command.Run("ip", ["netns", "exec", router.Name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0"]).Require();
        _chain[0].Ip("route", "add", "default", "via", "10.1.0.2");
        _chain[0].Ip("route", "add", "default", "via", "2001:db8:1::2");
        _chain[1].Ip("route", "add", "default", "via", "10.2.0.2");
        _chain[1].Ip("route", "add", "default", "via", "2001:db8:2::2");
        _chain[2].Ip("route", "add", "default", "via", "10.2.0.1");
        _chain[2].Ip("route", "add", "default", "via", "2001:db8:2::1");
        _chain[3].Ip("route", "add", "default", "via", "10.3.0.1");
        _chain[3].Ip("route", "add", "default", "via", "2001:db8:3::1");
    }

    [Theory]
    [InlineData(Server, 1, "10.1.0.2", false)]
    [InlineData(Server, 2, "10.2.0.2", false)]
    [InlineData(Server, 3, Server, true)]
    [InlineData(Server, 9, Server, true)]
    [InlineData(ServerV6, 1, "2001:db8:1::2", false)]
    [InlineData(ServerV6, 2, "2001:db8:2::2", false)]
    [InlineData(ServerV6, 3, ServerV6, true)]
    public async Task Probe_SoManyHops_TheRouterThereAnswers(string destination, int hops, string answer, bool isDestination)
    {
        HopAnswer? found = await Finder.ProbeAsync(IPAddress.Parse(destination), hops, s_long, TestContext.Current.CancellationToken);
        Assert.NotNull(found);
        Assert.Equal(IPAddress.Parse(answer), found.Address);
        Assert.Equal(isDestination, found.IsDestination);
        Assert.InRange(found.RoundTrip, TimeSpan.Zero, s_long);
    }

    [Fact]
    public async Task Probe_DestinationListens_ItsAnswerTellsThatItIsTheDestination()
    {
        const int port = 33434 + 5;
        await using IDatagramChannel echo = _chain[3].Network.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, port)));
        Task server = Task.Run(async () =>
        {
            byte[] buffer = new byte[16];
            ReceivedDatagram received = await echo.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            await echo.SendAsync(buffer.AsMemory(0, received.Length), received.Remote, TestContext.Current.CancellationToken);
        });
        HopAnswer? found = await Finder.ProbeAsync(IPAddress.Parse(Server), 5, s_long, TestContext.Current.CancellationToken);
        await server;
        Assert.Equal((IPAddress.Parse(Server), true), (found?.Address, found?.IsDestination));
    }

    [Fact]
    public async Task Probe_RouterSaysUnreachable_TheRouterIsTheAnswer()
    {
        _chain[2].Ip("route", "add", "unreachable", "10.9.0.0/16");
        HopAnswer? found = await Finder.ProbeAsync(IPAddress.Parse("10.9.0.1"), 30, s_long, TestContext.Current.CancellationToken);
        Assert.Equal((IPAddress.Parse("10.2.0.2"), false), (found?.Address, found?.IsDestination));
    }

    [Fact]
    public async Task Probe_NobodyAnswers_NullWhenTheTimeIsUp()
    {
        _chain[2].Ip("route", "add", "blackhole", "10.9.0.0/16");
        Assert.Null(await Finder.ProbeAsync(IPAddress.Parse("10.9.0.1"), 30, s_short, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Probe_NoRoute_NullAtOnce()
    {
        _chain[0].Ip("route", "del", "default");
        Assert.Null(await Finder.ProbeAsync(IPAddress.Parse(Server), 1, s_long, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Probe_Cancelled_Ends()
    {
        _chain[2].Ip("route", "add", "blackhole", "10.9.0.0/16");
        using CancellationTokenSource cancel = new(s_short);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Finder.ProbeAsync(IPAddress.Parse("10.9.0.1"), 30, TimeSpan.FromMinutes(5), cancel.Token));
    }

    [Fact]
    public async Task Probe_SeveralAtOnce_EachHearsItsOwnAnswer()
    {
        HopAnswer?[] found = await Task.WhenAll(
            Enumerable.Range(1, 3).Select(hops => Finder.ProbeAsync(IPAddress.Parse(Server), hops, s_long, TestContext.Current.CancellationToken).AsTask()));
        Assert.Equal(["10.1.0.2", "10.2.0.2", Server], found.Select(f => f?.Address.ToString()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    public async Task Probe_HopsOutOfRange_Throws(int hops) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await Finder.ProbeAsync(IPAddress.Loopback, hops, s_short, TestContext.Current.CancellationToken));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TestNamespace home in _chain) home.Dispose();
    }

    private NamespaceNetwork Finder => _chain[0].Network;

    private static void Join(TestNamespace left, TestNamespace right, int number)
    {
        left.Ip("link", "add", $"r{number}", "type", "veth", "peer", "name", $"l{number}", "netns", right.Name);
        foreach ((TestNamespace home, string link, int host) in new[] { (left, $"r{number}", 1), (right, $"l{number}", 2) })
        {
            home.Ip("link", "set", link, "up");
            home.Ip("addr", "add", $"10.{number}.0.{host}/24", "dev", link);
            home.Ip("addr", "add", $"2001:db8:{number}::{host}/64", "dev", link, "nodad");
        }
    }
}
