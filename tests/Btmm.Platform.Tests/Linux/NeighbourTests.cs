using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

/// <summary>Gateways' link-layer addresses, from real neighbour tables and from messages that no kernel sends.</summary>
public sealed class NeighbourTests
{
    private const string Mac = "02:00:00:aa:00:01";
    private static readonly PhysicalAddress s_mac = PhysicalAddress.Parse(Mac);

    [Fact]
    public void FindLinkAddress_PacketSent_IsKnownWhenTheGatewayAnswered()
    {
        using TestNamespace home = PluggedNamespace.Make();
        using TestNamespace router = PluggedNamespace.Make();
        home.Ip("link", "add", "eth0", "type", "veth", "peer", "name", "lan0", "netns", router.Name);
        router.Ip("link", "set", "lan0", "address", Mac, "up");
        router.Ip("addr", "add", "192.168.1.1/24", "dev", "lan0");
        home.Ip("link", "set", "eth0", "up");
        home.Ip("addr", "add", "192.168.1.100/24", "dev", "eth0");
        home.Ip("route", "add", "default", "via", "192.168.1.1");
        Assert.Null(Find(home)); // Nothing was sent yet.
        NetworkNamespace.Run(home.Name, () =>
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
            socket.Connect(IPAddress.Parse("192.168.1.1"), 9);
            socket.Send("?"u8);
            return Assert.Throws<SocketException>(() => socket.Receive(new byte[1])).SocketErrorCode; // Refused: that is an answer.
        });
        Assert.Equal(s_mac, Find(home));
        home.Ip("neigh", "flush", "dev", "eth0");
        Assert.Null(Find(home));
    }

    [Theory]
    [InlineData("reachable", true)]
    [InlineData("stale", true)]
    [InlineData("permanent", true)]
    [InlineData("failed", false)]
    [InlineData("noarp", false)]
    public void FindLinkAddress_StateOfTheEntry_OnlyWhatIsResolvedCounts(string state, bool isKnown)
    {
        using TestNamespace home = PluggedNamespace.Make();
        PluggedNamespace.Plug(home, "eth0", "192.168.1.100/24");
        home.Ip("route", "add", "default", "via", "192.168.1.1");
        home.Ip("neigh", "add", "192.168.1.1", "lladdr", Mac, "dev", "eth0", "nud", state);
        Assert.Equal(isKnown ? s_mac : null, Find(home));
    }

    [Fact]
    public void FindLinkAddress_OneAddressOnTwoLinks_EachHasItsOwn()
    {
        using TestNamespace home = PluggedNamespace.Make();
        PluggedNamespace.Plug(home, "eth0", "192.168.1.100/24");
        PluggedNamespace.Plug(home, "wlan0", "192.168.1.101/24");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "dev", "eth0", "metric", "100");
        home.Ip("route", "add", "default", "via", "192.168.1.1", "dev", "wlan0", "metric", "600");
        home.Ip("neigh", "add", "192.168.1.1", "lladdr", Mac, "dev", "eth0");
        home.Ip("neigh", "add", "192.168.1.1", "lladdr", "02:00:00:bb:00:01", "dev", "wlan0");
        PhysicalAddress?[] found = NetworkNamespace.Run(home.Name, () =>
        {
            var finder = new NetlinkGatewayFinder();
            return finder.FindAll().Select(finder.FindLinkAddress).ToArray();
        });
        Assert.Equal([s_mac, PhysicalAddress.Parse("02:00:00:bb:00:01")], found);
    }

    [Fact]
    public void FindLinkAddress_LinkLocalGatewayOfIPv6_IsKnown()
    {
        using TestNamespace home = PluggedNamespace.Make();
        PluggedNamespace.Plug(home, "eth0");
        home.Ip("addr", "add", "2001:db8:1::5/64", "dev", "eth0", "nodad");
        home.Ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
        home.Ip("neigh", "add", "fe80::1", "lladdr", Mac, "dev", "eth0");
        PhysicalAddress? found = NetworkNamespace.Run(home.Name, () =>
        {
            var finder = new NetlinkGatewayFinder();
            return finder.FindLinkAddress(finder.FindDefaultV6()!);
        });
        Assert.Equal(s_mac, found);
    }

    [Fact]
    public void FindLinkAddress_LinkWithoutAddresses_NullAlsoAfterAPacket()
    {
        using TestNamespace home = PluggedNamespace.Make();
        PluggedNamespace.Plug(home, "vpn0", "10.8.0.2/24");
        home.Ip("link", "set", "vpn0", "arp", "off");
        home.Ip("route", "add", "default", "via", "10.8.0.1", "dev", "vpn0");
        NetworkNamespace.Run(home.Name, () =>
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            return socket.SendTo("?"u8, new IPEndPoint(IPAddress.Parse("10.8.0.1"), 9));
        });
        Assert.Contains("NOARP", home.Ip("neigh", "show", "nud", "all"), StringComparison.Ordinal); // With the host's own address.
        Assert.Null(Find(home));
    }

    [Fact]
    public void ReadLinkAddress_EveryTruncationAndOddLengths_NeverThrows()
    {
        byte[] good =
        [
            2, 0, 0, 0, 3, 0, 0, 0, 0x02, 0, 0, 1,
            8, 0, 1, 0, 192, 168, 1, 1,
            10, 0, 2, 0, 2, 0, 0, 0xAA, 0, 1,
        ];
        Assert.Equal(s_mac, NeighbourMessage.ReadLinkAddress(good));
        for (int length = 0; length < good.Length; length++) Assert.Null(NeighbourMessage.ReadLinkAddress(good.AsSpan(0, length)));
        byte[] zero = [.. good[..^6], 0, 0, 0, 0, 0, 0];
        Assert.Null(NeighbourMessage.ReadLinkAddress(zero));
        byte[] empty = [.. good[..20], 4, 0, 2, 0];
        Assert.Null(NeighbourMessage.ReadLinkAddress(empty));
        byte[] tooLong = [.. good[..20], 37, 0, 2, 0, .. Enumerable.Repeat((byte)1, 33)];
        Assert.Null(NeighbourMessage.ReadLinkAddress(tooLong));
    }

    private static PhysicalAddress? Find(TestNamespace home) => NetworkNamespace.Run(home.Name, () =>
    {
        var finder = new NetlinkGatewayFinder();
        return finder.FindLinkAddress(finder.FindDefault()!);
    });
}
