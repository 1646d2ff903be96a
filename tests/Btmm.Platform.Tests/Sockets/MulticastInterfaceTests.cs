using System.Net;
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
}
