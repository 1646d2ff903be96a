using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class InternetChecksumTests
{
    [Fact]
    [Trait("rfc", "1071§3")]
    public void Add_TheStandardsExample_SumsUp()
    {
        byte[] data = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7];
        Assert.Equal(0xDDF2, InternetChecksum.Fold(InternetChecksum.Add(0, data)));
        Assert.Equal(0x220D, InternetChecksum.Finish(InternetChecksum.Add(0, data)));
    }

    [Fact]
    public void Add_AnyLengthAndSplit_AgreesWithTheSlowWay()
    {
        for (int length = 0; length < 300; length++)
        {
            byte[] data = TestPackets.Bytes(length, length);
            uint slow = 0;
            for (int i = 0; i < length; i++) slow += (uint)(i % 2 == 0 ? data[i] << 8 : data[i]);
            while (slow >> 16 != 0) slow = (slow & 0xFFFF) + (slow >> 16);
            int half = length / 4 * 2;
            ulong sum = InternetChecksum.Add(InternetChecksum.Add(0, data.AsSpan(0, half)), data.AsSpan(half));
            Assert.Equal((ushort)slow, InternetChecksum.Fold(sum));
        }
    }

    [Fact]
    public void Add_LongRunOfOnes_DoesNotOverflow()
    {
        byte[] data = new byte[65536];
        Array.Fill(data, (byte)0xFF);
        Assert.Equal(0xFFFF, InternetChecksum.Fold(InternetChecksum.Add(0, data)));
    }

    [Fact]
    public void TryComplete_PartialSum_MakesTheChecksumRight()
    {
        byte[] packet = TestPackets.Tcp(1, TestPackets.Bytes(77));
        packet[56] = packet[57] = 0;
        ushort pseudo = InternetChecksum.Fold(InternetChecksum.AddPseudoHeader(0, packet, packet.Length - 40, Ipv6.Tcp));
        packet[56] = (byte)(pseudo >> 8);
        packet[57] = (byte)pseudo;
        Assert.True(InternetChecksum.TryComplete(packet, 40, 16));
        Assert.Equal(0, TestPackets.Verify(packet));
    }

    [Theory]
    [InlineData(-1, 16)]
    [InlineData(40, -1)]
    [InlineData(90, 16)]
    [InlineData(1000, 0)]
    public void TryComplete_OutsideThePacket_Fails(int start, int offset) =>
        Assert.False(InternetChecksum.TryComplete(new byte[100], start, offset));
}
