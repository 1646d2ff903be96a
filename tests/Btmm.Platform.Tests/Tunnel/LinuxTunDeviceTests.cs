using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Linux;
using Btmm.Protocol.Packets;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Tunnel;

public sealed class LinuxTunDeviceTests
{
    private static readonly IPAddress s_host = IPAddress.Parse("fd00:7e57::1");
    private static readonly IPAddress s_peer = IPAddress.Parse("fd00:7e57::2");

    [Fact]
    public void Create_GivesAnInterfaceWithNameIndexAndMtu()
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using (ITunDevice tun = Create(space, "tuntest%d", offload: true))
        {
            Assert.Equal(("tuntest0", 1380), (tun.Name, tun.Mtu));
            Assert.Contains("mtu 1380", space.Ip("link", "show", "tuntest0"), StringComparison.Ordinal);
            Assert.StartsWith($"{tun.InterfaceIndex}:", space.Ip("-o", "link", "show", "tuntest0"), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("tuntest0", space.Ip("link", "show"), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_TakenOrImpossibleName_SaysWhy()
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using ITunDevice tun = Create(space, "taken", offload: true);
        Assert.Equal(BtmmErrorReason.ResourceBusy, Refused(() => Create(space, "taken", offload: true)).Reason);
        Assert.Equal(BtmmErrorReason.ResourceBusy, Refused(() => Create(space, "lo", offload: true)).Reason);
        Assert.Equal(BtmmErrorReason.InvalidValue, Refused(() => Create(space, "sixteen-letters-", offload: true)).Reason);
        Assert.Equal(BtmmErrorReason.InvalidValue, Refused(() => Create(space, "small", offload: true, mtu: 1)).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_DatagramOfTheHost_IsWholeWithAValidChecksum(bool offload)
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using ITunDevice tun = CreateUp(space, offload);
        using Socket socket = NetworkNamespace.Run(
            space.Name, () => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
        socket.SendTo("hello, world"u8, new IPEndPoint(s_peer, 7));
        byte[] packet = ReadUntil(tun, candidate => candidate[6] == Ipv6.Udp);
        Assert.True(packet.AsSpan(48).SequenceEqual("hello, world"u8));
        ulong sum = InternetChecksum.AddPseudoHeader(0, packet, packet.Length - 40, Ipv6.Udp);
        Assert.Equal(0xFFFF, InternetChecksum.Fold(InternetChecksum.Add(sum, packet.AsSpan(40))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_EchoRequest_IsAnsweredByTheHost(bool offload)
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using ITunDevice tun = CreateUp(space, offload);
        var batch = new PacketBatch(4096, 4);
        Assert.True(batch.TryAppend(EchoRequest()));
        Assert.True(batch.TryAppend(EchoRequest()));
        Assert.Equal(2, tun.Write(batch));
        byte[] reply = ReadUntil(tun, candidate => candidate[6] == Ipv6.Icmp && candidate[40] == 129);
        Assert.Equal(s_host.GetAddressBytes(), reply[8..24]);
        Assert.Equal([1, 2, 3, 4], reply[^4..]);
    }

    [Fact]
    public async Task Interrupt_BlockedRead_ReturnsNothingForEver()
    {
        TunRights.Require();
        using var space = new TestNamespace();
        using ITunDevice tun = Create(space, "tuntest", offload: true);
        Task<int> reading = Task.Factory.StartNew(() => tun.Read(new PacketBatch(200_000, 8)), TaskCreationOptions.LongRunning);
        tun.Interrupt();
        Assert.Equal(0, await reading.WaitAsync(Eventually.DefaultTimeout));
        Assert.Equal(0, tun.Read(new PacketBatch(200_000, 8)));
    }

    private static ITunDevice Create(TestNamespace space, string name, bool offload, int mtu = 1380) =>
        NetworkNamespace.Run(space.Name, () => new LinuxTunDeviceFactory(offload).Create(name, mtu));

    private static ITunDevice CreateUp(TestNamespace space, bool offload)
    {
        ITunDevice tun = Create(space, "tuntest", offload);
        space.Ip("addr", "add", $"{s_host}/128", "dev", "tuntest", "nodad");
        space.Ip("link", "set", "tuntest", "up");
        space.Ip("route", "add", $"{s_peer}/128", "dev", "tuntest");
        return tun;
    }

    private static BtmmException Refused(Func<ITunDevice> create) => Assert.Throws<BtmmException>(() => create().Dispose());

    // The host says other things too: router solicitations, multicast listener reports.
    private static byte[] ReadUntil(ITunDevice tun, Func<byte[], bool> wanted)
    {
        var batch = new PacketBatch(200_000, 32);
        for (int reads = 0; reads < 1000; reads++)
        {
            batch.Clear();
            tun.Read(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                byte[] packet = batch.Span(i).ToArray();
                if (wanted(packet)) return packet;
            }
        }
        throw new InvalidOperationException("the packet did not come");
    }

    private static byte[] EchoRequest()
    {
        byte[] packet = new byte[52];
        packet[0] = 0x60;
        packet[5] = 12;
        packet[6] = Ipv6.Icmp;
        packet[7] = 64;
        s_peer.TryWriteBytes(packet.AsSpan(8), out _);
        s_host.TryWriteBytes(packet.AsSpan(24), out _);
        packet[40] = 128;
        new byte[] { 1, 2, 3, 4 }.CopyTo(packet, 48);
        ulong sum = InternetChecksum.AddPseudoHeader(0, packet, 12, Ipv6.Icmp);
        BinaryPrimitives.WriteUInt16BigEndian(
            packet.AsSpan(42), InternetChecksum.Finish(InternetChecksum.Add(sum, packet.AsSpan(40))));
        return packet;
    }
}
