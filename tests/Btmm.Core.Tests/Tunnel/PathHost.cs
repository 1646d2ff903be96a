using System.Net;
using Btmm.Core.Tunnel;
using Btmm.Protocol.Esp;
using Btmm.TestKit.Packets;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Core.Tests.Tunnel;

/// <summary>A host with a packet path between a fake TUN device and a socket in memory.</summary>
internal sealed class PathHost : IAsyncDisposable
{
    public PathHost(MemoryDatagramNetwork network, FakeTimeProvider time, byte number, PacketPathOptions? options = null)
    {
        Number = number;
        Identifier = IPAddress.Parse($"fd00::{number}");
        Socket = network.Open(new IPEndPoint(new IPAddress([192, 0, 2, number]), 4000 + number));
        Path = new PacketPath(Tun, Socket, options, time);
    }

    public byte Number { get; }

    public IPAddress Identifier { get; }

    public FakeTun Tun { get; } = new();

    public MemoryDatagramSocket Socket { get; }

    public PacketPath Path { get; }

    /// <summary>Installs the same child SA on two hosts; the SPIs are generation * 16 + the receiver's number + 256.</summary>
    public static void Connect(PathHost one, PathHost other, int generation = 1, bool extended = true)
    {
        one.Install(other, generation, extended);
        other.Install(one, generation, extended);
    }

    public void Install(PathHost peer, int generation = 1, bool extended = true, bool activate = true) => Path.Install(
        new ChildSaPair
        {
            Local = Identifier,
            Peer = peer.Identifier,
            Inbound = Parameters(this, generation, extended),
            Outbound = Parameters(peer, generation, extended),
        },
        peer.Socket.Local,
        activate);

    public uint Spi(int generation = 1) => (uint)(256 + (generation * 16) + Number);

    public byte[] PacketTo(PathHost peer, string text, int length = 0) =>
        InnerPackets.Make(Identifier, peer.Identifier, text, length);

    /// <summary>The host's applications send packets, and the outbound pump takes one turn.</summary>
    public void Send(PathHost peer, params string[] texts)
    {
        Tun.Inject([.. texts.Select(text => PacketTo(peer, text))]);
        Path.OutboundStep();
    }

    public string[] Texts() => [.. Tun.Received().Select(InnerPackets.Text)];

    public List<PacketPathEvent> Events()
    {
        var events = new List<PacketPathEvent>();
        while (Path.Events.TryRead(out PacketPathEvent? happened)) events.Add(happened);
        return events;
    }

    public ValueTask DisposeAsync() => Path.DisposeAsync();

    public static EspSaParameters Parameters(PathHost receiver, int generation, bool extended)
    {
        byte[] material = new byte[EspSaParameters.GetKeyingMaterialLength(EspAlgorithm.AesGcm256)];
        new Random((generation * 100) + receiver.Number).NextBytes(material);
        return new EspSaParameters
        {
            Spi = receiver.Spi(generation),
            Algorithm = EspAlgorithm.AesGcm256,
            KeyingMaterial = material,
            ExtendedSequenceNumbers = extended,
        };
    }
}
