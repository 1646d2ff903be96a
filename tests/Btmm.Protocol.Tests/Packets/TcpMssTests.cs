using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class TcpMssTests
{
    private static readonly byte[] s_options = [2, 4, 0x05, 0xB4, 1, 3, 3, 7];

    [Theory]
    [InlineData(1280, 1220)]
    [InlineData(1400, 1340)]
    [InlineData(9000, 1460)]
    [Trait("rfc", "9293§3.7.1")]
    public void ClampMss_Syn_FitsTheMtuAndKeepsTheChecksum(int mtu, int expected)
    {
        byte[] packet = TestPackets.Tcp(1, [], flags: 0x02, options: s_options);
        Assert.Equal(expected != 1460, Tcp.ClampMss(packet, mtu));
        Assert.Equal(expected, (packet[62] << 8) | packet[63]);
        Assert.Equal(0, TestPackets.Verify(packet));
    }

    [Fact]
    public void ClampMss_OptionAtOddPlace_KeepsTheChecksum()
    {
        byte[] packet = TestPackets.Tcp(1, [], flags: 0x12, options: [1, 2, 4, 0x05, 0xB4, 1, 1, 0]);
        Assert.True(Tcp.ClampMss(packet, 1280));
        Assert.Equal(1220, (packet[63] << 8) | packet[64]);
        Assert.Equal(0, TestPackets.Verify(packet));
    }

    [Fact]
    public void ClampMss_NotASyn_IsLeftAlone()
    {
        byte[] packet = TestPackets.Tcp(1, [1, 2], flags: 0x10, options: s_options);
        byte[] before = (byte[])packet.Clone();
        Assert.False(Tcp.ClampMss(packet, 1280));
        Assert.Equal(before, packet);
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 5, 180 })]
    [InlineData(new byte[] { 2, 1, 5, 180 })]
    [InlineData(new byte[] { 2, 200, 5, 180 })]
    [InlineData(new byte[] { 1, 1, 1, 2 })]
    [InlineData(new byte[] { 0, 2, 4, 5 })]
    [InlineData(new byte[] { 2, 3, 5, 0 })]
    public void ClampMss_MalformedOptions_AreLeftAlone(byte[] options)
    {
        byte[] packet = TestPackets.Tcp(1, [], flags: 0x02, options: options);
        Assert.False(Tcp.ClampMss(packet, 1280));
    }

    [Fact]
    public void ClampMss_RandomPackets_NeverThrows()
    {
        const int seed = 99;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] original = TestPackets.Tcp(1, [1, 2, 3], flags: 0x02, options: s_options);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] packet = original.AsSpan(0, random.Next(original.Length + 1)).ToArray();
            for (int flips = random.Next(6); flips > 0 && packet.Length > 0; flips--)
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            if (packet.Length > 6) packet[6] = 6;
            Tcp.ClampMss(packet, 1280);
            Ipv6.TryGetLength(packet, out _);
            if (TcpRun.TryStart(packet, out TcpRun run)) run.TryExtend(packet, original);
        }
    }
}
