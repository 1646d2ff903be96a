using System.Net;
using System.Security.Cryptography;
using Btmm.Core.Contracts;
using Btmm.Core.Tunnel;
using Btmm.Platform.Cryptography;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Esp;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Tunnel;

/// <summary>A network namespace with a packet path over a real TUN device and a real socket.</summary>
internal sealed class TunnelHost : IAsyncDisposable
{
    public const int Mtu = 1400;
    private readonly int _number;

    public TunnelHost(int number, bool offload, bool batches)
    {
        _number = number;
        (Tun, Socket) = NetworkNamespace.Run(Space.Name, () => (
            new LinuxTunDeviceFactory(offload).Create("tunnel", Mtu),
            new DatagramSocketFactory(batches, offload).Open(new IPEndPoint(IPAddress.Any, 4000 + number))));
        Path = new PacketPath(Tun, Socket, ciphers: PlatformCiphers.Fastest);
    }

    public TestNamespace Space { get; } = new();

    public ITunDevice Tun { get; }

    public IDatagramSocket Socket { get; }

    public PacketPath Path { get; }

    public IPAddress Identifier => IPAddress.Parse($"fd00:7e57::{_number}");

    public IPAddress Outer => new([10, 77, 0, (byte)_number]);

    /// <summary>Connects two hosts by a virtual cable and by a tunnel with fixed keys.</summary>
    public static void Connect(TunnelHost one, TunnelHost two)
    {
        one.Space.Ip("link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", two.Space.Name);
        one.SetUp(two);
        two.SetUp(one);
    }

    public async ValueTask DisposeAsync()
    {
        await Path.DisposeAsync();
        Tun.Dispose();
        Socket.Dispose();
        Space.Dispose();
    }

    private void SetUp(TunnelHost peer)
    {
        Space.Ip("addr", "add", $"{Outer}/24", "dev", "wire");
        Space.Ip("link", "set", "wire", "up");
        Space.Ip("addr", "add", $"{Identifier}/128", "dev", "tunnel", "nodad");
        Space.Ip("link", "set", "tunnel", "up");
        Space.Ip("route", "add", $"{peer.Identifier}/128", "dev", "tunnel");
        var pair = new ChildSaPair
        {
            Local = Identifier, Peer = peer.Identifier, Inbound = Parameters(_number), Outbound = Parameters(peer._number),
        };
        Path.Install(pair, new IPEndPoint(peer.Outer, peer.Socket.LocalPort));
        Path.Start();
    }

    private static EspSaParameters Parameters(int receiver) => new()
    {
        Spi = (uint)(0x1000 + receiver),
        Algorithm = EspAlgorithm.AesGcm256,
        KeyingMaterial = SHA512.HashData([(byte)receiver])[..36],
        ExtendedSequenceNumbers = true,
    };
}
