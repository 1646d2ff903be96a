using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class Icmpv6ErrorTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(1300)]
    [InlineData(5000)]
    [Trait("rfc", "4443§3.2")]
    public void Write_PacketTooBig_IsWholeAndQuotesThePacket(int size)
    {
        byte[] packet = TestPackets.Udp(TestPackets.Bytes(size));
        byte[] output = new byte[Icmpv6Error.MaxLength];
        int length = Icmpv6Error.Write(Icmpv6Error.PacketTooBig, 0, 1400, packet, output);
        Span<byte> error = output.AsSpan(0, length);
        Assert.Equal(Math.Min(1280, packet.Length + 48), length);
        Assert.Equal(0, TestPackets.Verify(error));
        Assert.True(Ipv6.TryGetLength(error, out int inner));
        Assert.Equal(length, inner);
        Assert.Equal(Ipv6.Source(packet), Ipv6.Destination(error));
        Assert.Equal(Ipv6.Destination(packet), Ipv6.Source(error));
        Assert.Equal([2, 0], error[40..42].ToArray());
        Assert.Equal([0, 0, 0x05, 0x78], error[44..48].ToArray());
        Assert.Equal(packet[..(length - 48)], error[48..].ToArray());
    }

    [Fact]
    [Trait("rfc", "4443§2.4")]
    public void IsAllowed_ErrorsMulticastAndUnspecified_AreNot()
    {
        Assert.True(Icmpv6Error.IsAllowed(TestPackets.Ipv6(58, [128, 0, 0, 0])));
        Assert.False(Icmpv6Error.IsAllowed(TestPackets.Ipv6(58, [1, 0, 0, 0])));
        Assert.False(Icmpv6Error.IsAllowed(TestPackets.Ipv6(58, [])));
        byte[] multicast = TestPackets.Udp([1]);
        multicast[24] = 0xFF;
        Assert.False(Icmpv6Error.IsAllowed(multicast));
        byte[] unspecified = TestPackets.Udp([1]);
        unspecified.AsSpan(8, 16).Clear();
        Assert.False(Icmpv6Error.IsAllowed(unspecified));
        Assert.False(Icmpv6Error.IsAllowed(new byte[39]));
        Assert.Equal(0, Icmpv6Error.Write(1, 0, 0, TestPackets.Udp([1]), new byte[1279]));
    }
}
