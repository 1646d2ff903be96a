using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Tests.Linux;

public sealed class NetlinkParsingTests
{
    private const int MutationSeed = 20260101;

    [Fact]
    public void Route_DefaultRoute_IsRead()
    {
        Assert.True(RouteMessage.TryParse(DefaultRoute(), out RouteMessage route));
        Assert.Equal(0, route.DestinationLength);
        Assert.Equal(RouteMessage.MainTable, route.Table);
        Assert.Equal(100u, route.Metric);
        Assert.Equal(AddressFamily.InterNetwork, route.Family);
        Assert.Equal([new RouteHop(IPAddress.Parse("192.168.1.1"), 7)], route.Hops);
        Assert.True(route.Usable);
    }

    [Fact]
    public void Route_DefaultRouteV6_IsRead()
    {
        Assert.True(RouteMessage.TryParse(DefaultRouteV6(), out RouteMessage route));
        Assert.Equal(AddressFamily.InterNetworkV6, route.Family);
        Assert.Equal(1024u, route.Metric);
        Assert.Equal(1, route.Preference);
        Assert.Equal([new RouteHop(IPAddress.Parse("fe80::1"), 7)], route.Hops);
    }

    [Fact]
    [Trait("rfc", "4191§2.1")]
    public void BestFirst_SameMetric_TheRoutersPreferenceDecides()
    {
        byte[] medium = DefaultRouteV6(), low = DefaultRouteV6();
        medium[^4] = 0;
        low[^4] = 3;
        RouteMessage[] routes = [.. new[] { low, medium, DefaultRouteV6() }.Select(Parse)];
        Assert.Equal([1, 0, -1], NetlinkGatewayFinder.BestFirst(routes).Select(r => r.Preference));

        static RouteMessage Parse(byte[] message) => RouteMessage.TryParse(message, out RouteMessage route) ? route : throw new InvalidDataException();
    }

    [Fact]
    public void Route_AddressOfTheOtherFamily_IsPassedOver()
    {
        byte[] message = [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, .. Attribute(5, new byte[16]), .. Attribute(4, BitConverter.GetBytes(7))];
        Assert.True(RouteMessage.TryParse(message, out RouteMessage route));
        Assert.Empty(route.Hops);
    }

    [Fact]
    public void Route_Multipath_HopsThatAreDeadAreLeftOut()
    {
        byte[] message =
        [
            2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0,
            .. Attribute(9, [.. Hop(flags: 0x10, 3, "10.0.0.1"), .. Hop(flags: 0, 4, "10.0.1.1"), .. Hop(flags: 0, 5, "10.0.2.1")]),
        ];
        Assert.True(RouteMessage.TryParse(message, out RouteMessage route));
        Assert.Equal([new RouteHop(IPAddress.Parse("10.0.1.1"), 4), new RouteHop(IPAddress.Parse("10.0.2.1"), 5)], route.Hops);
    }

    [Fact]
    public void Address_LocalBesideAddress_LocalIsThisHosts()
    {
        byte[] message = [2, 32, 0, 0, 9, 0, 0, 0, .. Attribute(1, [10, 0, 0, 1]), .. Attribute(2, [10, 0, 0, 2])];
        Assert.True(AddressMessage.TryParse(message, out AddressMessage address));
        Assert.Equal(new AddressMessage(IPAddress.Parse("10.0.0.2"), 9, 0), address);
        Assert.False(address.IsGlobalUnicast);
    }

    [Theory]
    [InlineData("2001:db8::1", 0x80, true, true, false)]
    [InlineData("2001:db8::1", 0x01, true, true, true)]
    [InlineData("2001:db8::1", 0x20, true, false, false)]
    [InlineData("2001:db8::1", 0x40, true, false, false)]
    [InlineData("fd00::1", 0x80, false, true, false)]
    [InlineData("fe80::1", 0x80, false, true, false)]
    public void AddressV6_FlagsAndScope_AreTold(string text, uint flags, bool global, bool preferred, bool temporary)
    {
        byte[] message = [10, 64, 0, 0, 9, 0, 0, 0, .. Attribute(1, IPAddress.Parse(text).GetAddressBytes()), .. Attribute(8, BitConverter.GetBytes(flags))];
        Assert.True(AddressMessage.TryParse(message, out AddressMessage address));
        Assert.Equal((global, preferred, temporary), (address.IsGlobalUnicast, address.IsPreferred, address.IsTemporary));
        for (int length = 0; length < message.Length; length++) AddressMessage.TryParse(message.AsSpan(0, length), out _);
    }

    [Fact]
    public void Route_DeadFlag_IsNotUsable()
    {
        byte[] message = DefaultRoute();
        message[8] = 0x11;
        Assert.True(RouteMessage.TryParse(message, out RouteMessage route));
        Assert.False(route.Usable);
        Assert.False(NetlinkGatewayFinder.TryTakeDefault(RtnetlinkRequest.NewRoute, message, out _));
    }

    [Fact]
    public void Route_EveryTruncation_IsTakenQuietly()
    {
        byte[] message = DefaultRouteV6();
        for (int length = 0; length < message.Length; length++) RouteMessage.TryParse(message.AsSpan(0, length), out _);
        message = DefaultRoute();
        for (int length = 0; length < message.Length; length++) RouteMessage.TryParse(message.AsSpan(0, length), out _);
        Assert.False(RouteMessage.TryParse(message.AsSpan(0, 11), out _));
    }

    [Fact]
    public void Messages_LengthsThatLie_EndTheWalk()
    {
        byte[] message = new byte[16];
        foreach (uint length in new uint[] { 0, 15, 17, 0x7FFFFFFF, 0xFFFFFFFF })
        {
            BitConverter.TryWriteBytes(message, length);
            ReadOnlySpan<byte> data = message;
            Assert.False(NetlinkAttributes.TryReadMessage(ref data, out _, out _));
        }

        BitConverter.TryWriteBytes(message, 16u);
        ReadOnlySpan<byte> good = message;
        Assert.True(NetlinkAttributes.TryReadMessage(ref good, out _, out ReadOnlySpan<byte> payload));
        Assert.True(payload.IsEmpty);
        Assert.True(good.IsEmpty);
    }

    [Fact]
    public void Change_RouteWithInterface_NamesIt()
    {
        Assert.True(NetworkChangeMessage.TryParse(24, DefaultRoute(), out NetworkChange change));
        Assert.Equal(new NetworkChange(NetworkChangeKind.Route, 7), change);
        Assert.False(NetworkChangeMessage.TryParse(24, new byte[11], out _));
        Assert.False(NetworkChangeMessage.TryParse(16, new byte[15], out _));
        Assert.False(NetworkChangeMessage.TryParse(20, new byte[7], out _));
        Assert.False(NetworkChangeMessage.TryParse(99, new byte[64], out _));
    }

    [Fact]
    public void Messages_RandomMutations_NeverThrowNorHang()
    {
        Random random = new(MutationSeed);
        byte[] route = DefaultRoute();
        byte[] original = [.. BitConverter.GetBytes(16 + route.Length), 24, 0, 0, 0, .. new byte[8], .. route];
        for (int round = 0; round < 100_000; round++)
        {
            byte[] mutated = [.. original];
            for (int change = random.Next(1, 6); change > 0; change--) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            ReadOnlySpan<byte> rest = mutated.AsSpan(0, random.Next(mutated.Length + 1));
            while (NetlinkAttributes.TryReadMessage(ref rest, out ushort type, out ReadOnlySpan<byte> payload))
            {
                NetworkChangeMessage.TryParse(type, payload, out _);
                RouteMessage.TryParse(payload, out _);
                AddressMessage.TryParse(payload, out _);
            }
        }
    }

    [Fact]
    public void Route_EverySingleByteChange_NeverThrows()
    {
        byte[] message = DefaultRoute();
        for (int position = 0; position < message.Length; position++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. message];
                changed[position] = (byte)value;
                RouteMessage.TryParse(changed, out _);
            }
        }
    }

    /// <summary>default via 192.168.1.1 dev #7 metric 100 in the main table; also an empty multipath attribute.</summary>
    private static byte[] DefaultRoute() =>
    [
        2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0,
        .. Attribute(15, BitConverter.GetBytes(254)),
        .. Attribute(5, [192, 168, 1, 1]),
        .. Attribute(4, BitConverter.GetBytes(7)),
        .. Attribute(6, BitConverter.GetBytes(100)),
        .. Attribute(9, [12, 0, 0, 0, 3, 0, 0, 0, 4, 0, 1, 0]),
    ];

    /// <summary>default via fe80::1 dev #7 metric 1024 pref high in the main table.</summary>
    private static byte[] DefaultRouteV6() =>
    [
        10, 0, 0, 0, 254, 9, 0, 1, 0, 0, 0, 0,
        .. Attribute(15, BitConverter.GetBytes(254)),
        .. Attribute(5, IPAddress.Parse("fe80::1").GetAddressBytes()),
        .. Attribute(4, BitConverter.GetBytes(7)),
        .. Attribute(6, BitConverter.GetBytes(1024)),
        .. Attribute(20, [1]), 0, 0, 0,
    ];

    private static byte[] Hop(byte flags, int interfaceIndex, string gateway) =>
        [16, 0, flags, 0, .. BitConverter.GetBytes(interfaceIndex), .. Attribute(5, IPAddress.Parse(gateway).GetAddressBytes())];

    private static byte[] Attribute(ushort type, byte[] value) =>
        [.. BitConverter.GetBytes((ushort)(4 + value.Length)), .. BitConverter.GetBytes(type), .. value];
}
