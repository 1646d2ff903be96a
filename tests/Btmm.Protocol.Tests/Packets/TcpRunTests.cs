using System.Buffers.Binary;
using Btmm.Protocol.Packets;

namespace Btmm.Protocol.Tests.Packets;

public class TcpRunTests
{
    [Fact]
    public void Run_SegmentsOfOneSuperPacket_MergesBackToIt()
    {
        byte[] packet = TestPackets.Tcp(123, TestPackets.Bytes(9_999), flags: 0x18);
        Assert.True(SuperPacket.TryParse(packet, isTcp: true, 40, 1300, out SuperPacket super));
        byte[][] pieces = [.. Enumerable.Range(0, super.Count).Select(i =>
        {
            byte[] piece = new byte[super.MaxLength];
            return piece[..super.Write(packet, i, piece)];
        })];
        Assert.True(TcpRun.TryStart(pieces[0], out TcpRun run));
        for (int i = 1; i < pieces.Length; i++) Assert.True(run.TryExtend(pieces[0], pieces[i]));
        Assert.Equal((pieces.Length, packet.Length, 72, 1300), (run.Count, run.Length, run.HeaderLength, run.SegmentSize));
        run.WriteHeaders(pieces[0]);
        byte[] merged = [.. pieces[0], .. pieces.Skip(1).SelectMany(piece => piece[72..])];
        Assert.True(InternetChecksum.TryComplete(merged, 40, 16));
        Assert.Equal(packet, merged);
    }

    [Fact]
    public void TryStart_NotPlainData_Fails()
    {
        Assert.False(TcpRun.TryStart(TestPackets.Tcp(1, []), out _));
        Assert.False(TcpRun.TryStart(TestPackets.Tcp(1, [1], flags: 0x12), out _));
        Assert.False(TcpRun.TryStart(TestPackets.Tcp(1, [1], flags: 0x11), out _));
        Assert.False(TcpRun.TryStart(TestPackets.Udp([1]), out _));
        byte[] packet = TestPackets.Tcp(1, [1]);
        for (int length = 0; length < packet.Length; length++) Assert.False(TcpRun.TryStart(packet.AsSpan(0, length), out _));
    }

    public static TheoryData<string, byte[], bool> Continuations => new()
    {
        { "next", TestPackets.Tcp(101, TestPackets.Bytes(100)), true },
        { "shorter", TestPackets.Tcp(101, TestPackets.Bytes(99)), true },
        { "pushed", TestPackets.Tcp(101, TestPackets.Bytes(100), flags: 0x18), true },
        { "longer", TestPackets.Tcp(101, TestPackets.Bytes(101)), false },
        { "gap", TestPackets.Tcp(102, TestPackets.Bytes(100)), false },
        { "repeated", TestPackets.Tcp(1, TestPackets.Bytes(100)), false },
        { "finished", TestPackets.Tcp(101, TestPackets.Bytes(100), flags: 0x11), false },
        { "other acknowledgement", TestPackets.Tcp(101, TestPackets.Bytes(100), acknowledgement: 78), false },
        { "other options", TestPackets.Tcp(101, TestPackets.Bytes(100), options: [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 2]), false },
        { "no options", TestPackets.Tcp(101, TestPackets.Bytes(100), options: []), false },
        { "wrong checksum", Changed(TestPackets.Tcp(101, TestPackets.Bytes(100)), 90), false },
        { "other window", Changed(TestPackets.Tcp(101, TestPackets.Bytes(100)), 55), false },
        { "other hop limit", Changed(TestPackets.Tcp(101, TestPackets.Bytes(100)), 7), false },
        { "congestion marked", Changed(TestPackets.Tcp(101, TestPackets.Bytes(100)), 1), false },
        { "other port", Changed(TestPackets.Tcp(101, TestPackets.Bytes(100)), 41), false },
    };

    [Theory]
    [MemberData(nameof(Continuations))]
    public void TryExtend_Packet_IsTakenOnlyWhenNothingGetsLost(string name, byte[] packet, bool taken)
    {
        byte[] first = TestPackets.Tcp(1, TestPackets.Bytes(100));
        Assert.True(TcpRun.TryStart(first, out TcpRun run));
        Assert.True(taken == run.TryExtend(first, packet), name);
        Assert.Equal(taken ? 2 : 1, run.Count);
    }

    [Theory]
    [InlineData(99, 0x10)]
    [InlineData(100, 0x18)]
    public void TryExtend_AfterShortOrPushedPacket_IsOver(int length, byte flags)
    {
        byte[] first = TestPackets.Tcp(1, TestPackets.Bytes(100));
        Assert.True(TcpRun.TryStart(first, out TcpRun run));
        Assert.True(run.TryExtend(first, TestPackets.Tcp(101, TestPackets.Bytes(length), flags)));
        Assert.False(run.TryExtend(first, TestPackets.Tcp(101 + (uint)length, TestPackets.Bytes(length), flags)));
    }

    [Fact]
    public void TryExtend_FirstWithWrongChecksum_IsRefused()
    {
        byte[] first = Changed(TestPackets.Tcp(1, TestPackets.Bytes(100)), 100);
        Assert.True(TcpRun.TryStart(first, out TcpRun run));
        Assert.False(run.TryExtend(first, TestPackets.Tcp(101, TestPackets.Bytes(100))));
    }

    [Fact]
    public void TryExtend_TooMuchForOnePacket_IsRefused()
    {
        byte[] first = TestPackets.Tcp(1, TestPackets.Bytes(1300));
        Assert.True(TcpRun.TryStart(first, out TcpRun run));
        uint sequence = 1301;
        while (run.TryExtend(first, TestPackets.Tcp(sequence, TestPackets.Bytes(1300)))) sequence += 1300;
        Assert.InRange(run.Length, 60_000, 65_535);
        run.WriteHeaders(first);
        Assert.Equal(run.Length - 40, BinaryPrimitives.ReadUInt16BigEndian(first.AsSpan(4)));
    }

    private static byte[] Changed(byte[] packet, int at)
    {
        packet[at] ^= 1;
        return packet;
    }
}
