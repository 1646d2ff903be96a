using System.Buffers.Binary;
using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class SuperPacketTests
{
    private const int HeaderLength = 72;

    [Theory]
    [InlineData(10_000, 1328)]
    [InlineData(1328, 1328)]
    [InlineData(1329, 1328)]
    [InlineData(65_000, 1000)]
    [InlineData(5, 1)]
    public void Write_Tcp_GivesPacketsAsASenderWouldHave(int length, int segment)
    {
        byte[] data = TestPackets.Bytes(length);
        byte[] packet = TestPackets.Tcp(0xFFFFFF00, data, flags: 0x10 | 0x08 | 0x01 | 0x80);
        Assert.True(SuperPacket.TryParse(packet, isTcp: true, 40, segment, out SuperPacket super));
        Assert.Equal((length + segment - 1) / segment, super.Count);
        byte[] output = new byte[super.MaxLength];
        var joined = new List<byte>();
        for (int i = 0; i < super.Count; i++)
        {
            int written = super.Write(packet, i, output);
            Span<byte> piece = output.AsSpan(0, written);
            Assert.Equal(0, TestPackets.Verify(piece));
            Assert.Equal(written - 40, BinaryPrimitives.ReadUInt16BigEndian(piece[4..]));
            Assert.Equal(unchecked(0xFFFFFF00 + (uint)joined.Count), BinaryPrimitives.ReadUInt32BigEndian(piece[44..]));
            bool last = i == super.Count - 1;
            Assert.Equal(0x10 | (last ? 0x09 : 0) | (i == 0 ? 0x80 : 0), piece[53]);
            joined.AddRange(piece[HeaderLength..].ToArray());
        }
        Assert.Equal(data, joined);
    }

    [Fact]
    public void Write_Udp_GivesDatagramsWithTheirOwnLengths()
    {
        byte[] data = TestPackets.Bytes(2500);
        byte[] packet = TestPackets.Udp(data);
        Assert.True(SuperPacket.TryParse(packet, isTcp: false, 40, 1000, out SuperPacket super));
        Assert.Equal(3, super.Count);
        byte[] output = new byte[super.MaxLength];
        var joined = new List<byte>();
        for (int i = 0; i < 3; i++)
        {
            int written = super.Write(packet, i, output);
            Assert.Equal(written - 40, BinaryPrimitives.ReadUInt16BigEndian(output.AsSpan(44)));
            Assert.Equal(0, TestPackets.Verify(output.AsSpan(0, written)));
            joined.AddRange(output[48..written]);
        }
        Assert.Equal(data, joined);
    }

    [Fact]
    public void TryParse_EveryTruncation_NeverReadsBeyond()
    {
        byte[] packet = TestPackets.Tcp(1, TestPackets.Bytes(100));
        for (int length = 0; length < packet.Length; length++)
        {
            bool parsed = SuperPacket.TryParse(packet.AsSpan(0, length), isTcp: true, 40, 50, out SuperPacket super);
            Assert.Equal(length > HeaderLength, parsed);
            if (!parsed) continue;
            for (int i = 0; i < super.Count; i++) super.Write(packet.AsSpan(0, length), i, new byte[super.MaxLength]);
        }
    }

    [Theory]
    [InlineData(39, 100)]
    [InlineData(40, 0)]
    [InlineData(40, -1)]
    [InlineData(70_000, 100)]
    public void TryParse_ImpossibleLayout_Fails(int transport, int segment) => Assert.False(
        SuperPacket.TryParse(TestPackets.Tcp(1, new byte[500]), isTcp: true, transport, segment, out _));
}
