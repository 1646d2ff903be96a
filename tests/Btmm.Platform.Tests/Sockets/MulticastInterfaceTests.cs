using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Platform.Tests.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Sockets;

public sealed class MulticastInterfaceTests
{
    private static readonly IPEndPoint s_group = IPEndPoint.Parse("239.255.255.250:1900");

    [Theory]
    [InlineData("10.1.0.1")]
    [InlineData("10.2.0.1")]
    public async Task Channel_MulticastInterface_DatagramsToGroupsLeaveByIt(string used)
    {
        using TestNamespace home = PluggedNamespace.Make();
        PluggedNamespace.Plug(home, "one", "10.1.0.1/24");
        PluggedNamespace.Plug(home, "two", "10.2.0.1/24");
        home.Ip("route", "add", "default", "via", "10.1.0.254");
        IPAddress local = IPAddress.Parse(used);

        // It hears what leaves by the interface on which the group was joined, and nothing else: nobody else has joined.
        await using IDatagramChannel receiver = home.Network.Open(
            new DatagramChannelOptions(s_group, MulticastGroup: s_group.Address, MulticastInterface: local, ReuseAddress: true));
        await using IDatagramChannel sender = home.Network.Open(
            new DatagramChannelOptions(new IPEndPoint(local, 0), MulticastInterface: local));
        await sender.SendAsync("hello"u8.ToArray(), s_group, TestContext.Current.CancellationToken);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        ReceivedDatagram received = await receiver.ReceiveAsync(new byte[8], limit.Token);
        Assert.Equal(local, received.Remote.Address);
    }

    [Theory]
    [InlineData("224.0.0.1", "10.1.0.1/24", "10.1.0.254/24", "10.2.0.1/24", "10.2.0.254/24")]
    [InlineData("ff02::1", "fe80::10:1/64", "fe80::10:fe/64", "fe80::20:1/64", "fe80::10:fe/64")]
    public async Task Channel_GroupJoinedOnOneInterface_IsNotHeardOnAnother(string group, string here, string from, string elsewhere, string stranger)
    {
        using TestNamespace home = PluggedNamespace.Make();
        using TestNamespace outside = new();
        Connect(home, outside, "one", here, from);
        Connect(home, outside, "two", elsewhere, stranger);
        IPAddress address = IPAddress.Parse(group);
        await using IDatagramChannel receiver = home.Network.Open(new DatagramChannelOptions(
            Scoped(address, home, "one", 5350),
            MulticastGroup: address,
            MulticastInterface: Scoped(here, home, "one").Address,
            ReuseAddress: true,
            MulticastInterfaceIndex: Index(home, "one")));

        // All nodes of a link hear these groups anyway, so that Linux hands them to every socket that is bound to one.
        await SendAsync(outside, "two", Scoped(stranger, outside, "two"), address);
        await SendAsync(outside, "one", Scoped(from, outside, "one"), address);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        byte[] buffer = new byte[8];
        ReceivedDatagram received = await receiver.ReceiveAsync(buffer, limit.Token);
        Assert.Equal("one"u8.ToArray(), buffer[..received.Length]);
    }

    private static async Task SendAsync(TestNamespace space, string link, IPEndPoint from, IPAddress group)
    {
        await using IDatagramChannel sender = space.Network.Open(new DatagramChannelOptions(from, MulticastInterface: from.Address));
        await sender.SendAsync(Encoding.ASCII.GetBytes(link), Scoped(group, space, link, 5350), TestContext.Current.CancellationToken);
    }

    private static void Connect(TestNamespace home, TestNamespace outside, string link, string near, string far)
    {
        home.Ip("link", "add", link, "type", "veth", "peer", "name", link, "netns", outside.Name);
        foreach ((TestNamespace space, string address) in new[] { (home, near), (outside, far) })
        {
            if (address.Contains(':', StringComparison.Ordinal)) space.Ip("addr", "add", address, "dev", link, "nodad");
            else space.Ip("addr", "add", address, "dev", link);
            space.Ip("link", "set", link, "up");
        }
    }

    private static int Index(TestNamespace space, string link) =>
        int.Parse(space.Ip("-o", "link", "show", "dev", link).Split(':')[0], CultureInfo.InvariantCulture);

    private static IPEndPoint Scoped(string network, TestNamespace space, string link) =>
        Scoped(IPAddress.Parse(network.Split('/')[0]), space, link, 0);

    private static IPEndPoint Scoped(IPAddress address, TestNamespace space, string link, int port) => new(
        address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes(), Index(space, link)) : address, port);
}
