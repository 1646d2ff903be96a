using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class UdpRunTests
{
    [Fact]
    public void Run_SegmentsOfOneSuperPacket_MergesBackToIt()
    {
        byte[] packet = TestPackets.Udp(TestPackets.Bytes(7_777));
        Assert.True(SuperPacket.TryParse(packet, isTcp: false, 40, 1200, out SuperPacket super));
        byte[][] pieces = [.. Enumerable.Range(0, super.Count).Select(i =>
        {
            byte[] piece = new byte[super.MaxLength];
            return piece[..super.Write(packet, i, piece)];
        })];
        Assert.True(UdpRun.TryStart(pieces[0], out UdpRun run));
        for (int i = 1; i < pieces.Length; i++) Assert.True(run.TryExtend(pieces[0], pieces[i]));
        Assert.Equal((pieces.Length, packet.Length, 1200), (run.Count, run.Length, run.SegmentSize));
        Assert.False(run.TryExtend(pieces[0], pieces[1]));
        run.WriteHeaders(pieces[0]);
        byte[] merged = [.. pieces[0], .. pieces.Skip(1).SelectMany(piece => piece[48..])];
        Assert.True(InternetChecksum.TryComplete(merged, 40, 6));
        Assert.Equal(packet, merged);
    }

    public static TheoryData<string, byte[], bool> Continuations => new()
    {
        { "same length", TestPackets.Udp(TestPackets.Bytes(100)), true },
        { "shorter", TestPackets.Udp(TestPackets.Bytes(1)), true },
        { "longer", TestPackets.Udp(TestPackets.Bytes(101)), false },
        { "empty", TestPackets.Udp([]), false },
        { "TCP", TestPackets.Tcp(1, TestPackets.Bytes(60)), false },
        { "wrong checksum", Changed(TestPackets.Udp(TestPackets.Bytes(100)), 90), false },
        { "other port", Changed(TestPackets.Udp(TestPackets.Bytes(100)), 43), false },
        { "other hop limit", Changed(TestPackets.Udp(TestPackets.Bytes(100)), 7), false },
        { "length of its own", Changed(TestPackets.Udp(TestPackets.Bytes(100)), 45), false },
    };

    [Theory]
    [MemberData(nameof(Continuations))]
    public void TryExtend_Packet_IsTakenOnlyWhenNothingGetsLost(string name, byte[] packet, bool taken)
    {
        byte[] first = TestPackets.Udp(TestPackets.Bytes(100, 2));
        Assert.True(UdpRun.TryStart(first, out UdpRun run));
        Assert.True(taken == run.TryExtend(first, packet), name);
    }

    [Fact]
    public void TryStart_EveryTruncation_Fails()
    {
        byte[] packet = TestPackets.Udp(TestPackets.Bytes(100));
        for (int length = 0; length < packet.Length; length++) Assert.False(UdpRun.TryStart(packet.AsSpan(0, length), out _));
    }

    private static byte[] Changed(byte[] packet, int at)
    {
        packet[at] ^= 1;
        return packet;
    }
}
