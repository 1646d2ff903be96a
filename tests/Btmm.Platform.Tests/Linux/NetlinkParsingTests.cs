using System.Net;
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
        Assert.Equal(7, route.InterfaceIndex);
        Assert.Equal(IPAddress.Parse("192.168.1.1"), route.Gateway);
        Assert.True(route.Usable);
    }

    [Fact]
    public void Route_DeadFlag_IsNotUsable()
    {
        byte[] message = DefaultRoute();
        message[8] = 0x11;
        Assert.True(RouteMessage.TryParse(message, out RouteMessage route));
        Assert.False(route.Usable);
        Assert.Null(NetlinkGatewayFinder.Better(null, RtnetlinkRequest.NewRoute, message));
    }

    [Fact]
    public void Route_EveryTruncation_IsTakenQuietly()
    {
        byte[] message = DefaultRoute();
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

    private static byte[] Attribute(ushort type, byte[] value) =>
        [.. BitConverter.GetBytes((ushort)(4 + value.Length)), .. BitConverter.GetBytes(type), .. value];
}
