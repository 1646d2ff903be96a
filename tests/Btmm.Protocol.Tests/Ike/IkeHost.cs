using System.Net;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Tests.Ike;

/// <summary>One host: an endpoint under test and a table of ESP SAs kept as the packet path keeps them.</summary>
internal sealed class IkeHost
{
    private readonly IkeWorld _world;

    public IkeHost(IkeWorld world, string name, int number, IPEndPoint address, Func<IkeOptions, IkeOptions>? configure, TestPolicy? policy, int seed)
    {
        _world = world;
        Name = name;
        Public = address;
        Identifier = IPAddress.Parse($"fd00::{number}");
        Policy = policy ?? new TestPolicy();
        Seed = seed;
        var options = new IkeOptions { LocalIdentity = name, LocalIdentifier = Identifier };
        Options = configure?.Invoke(options) ?? options;
        Endpoint = new IkeEndpoint(Options, Policy, new SeededRandom(seed));
    }

    public string Name { get; }

    public IPEndPoint Public { get; set; }

    public IPAddress Identifier { get; private set; }

    public TestPolicy Policy { get; }

    public IkeOptions Options { get; private set; }

    public int Seed { get; private set; }

    public IkeEndpoint Endpoint { get; private set; }

    public List<IkeEvent> Events { get; } = [];

    public Dictionary<uint, ChildSaEstablished> Installed { get; } = [];

    /// <summary>Per peer: the inbound SPI of the pair that sends.</summary>
    public Dictionary<IPAddress, uint> Sending { get; } = [];

    public Dictionary<IPAddress, IPEndPoint> PeerEndpoints { get; } = [];

    public int Sent { get; private set; }

    public long BytesSent { get; private set; }

    public void Connect(IkeHost peer, IPEndPoint? at = null) =>
        Do(e => e.Connect(_world.Now, new IkePeer { Identifier = peer.Identifier, Identity = peer.Name, Endpoint = at ?? peer.Public }));

    public void Do(Action<IkeEndpoint> action)
    {
        action(Endpoint);
        Drain();
    }

    public void Receive(IPEndPoint from, byte[] message) => Do(e => e.HandleDatagram(_world.Now, from, message));

    public void Tick() => Do(e => e.HandleTimeout(_world.Now));

    /// <summary>The process dies and starts anew, optionally with another identifier.</summary>
    public void Restart(string? identifier = null)
    {
        Endpoint.Dispose();
        if (identifier is not null) Identifier = IPAddress.Parse(identifier);
        Options = Options with { LocalIdentifier = Identifier };
        Endpoint = new IkeEndpoint(Options, Policy, new SeededRandom(++Seed));
        Events.Clear();
        Installed.Clear();
        Sending.Clear();
    }

    /// <summary>Whether a packet sent now to the peer would be opened there: right endpoint, SPI, key, sequence numbers.</summary>
    public bool Reaches(IkeHost peer)
    {
        if (!Sending.TryGetValue(peer.Identifier, out uint spi) || !Installed.TryGetValue(spi, out ChildSaEstablished? mine)) return false;
        if (!PeerEndpoints.TryGetValue(peer.Identifier, out IPEndPoint? endpoint) || !_world.IsAt(peer, endpoint)) return false;
        if (!peer.Installed.TryGetValue(mine.Outbound.Spi, out ChildSaEstablished? theirs)) return false;
        return Same(mine.Outbound, theirs.Inbound) && theirs.Peer.Equals(Identifier) && theirs.Local.Equals(peer.Identifier);
    }

    /// <summary>Pretends to send a packet: the peer reports what its packet path would.</summary>
    public void SendPacket(IkeHost peer)
    {
        if (!Reaches(peer)) return;
        uint spi = Installed[Sending[peer.Identifier]].Outbound.Spi;
        peer.Do(e => e.ReportInbound(_world.Now, spi));
        if (peer.PeerEndpoints.TryGetValue(Identifier, out IPEndPoint? known) && !known.Equals(Public))
            peer.Do(e => e.ReportPeerMoved(_world.Now, Identifier, Public));
    }

    public IEnumerable<T> All<T>() where T : IkeEvent => Events.OfType<T>();

    private static bool Same(EspSaParameters a, EspSaParameters b) =>
        a.Spi == b.Spi && a.Algorithm == b.Algorithm && a.ExtendedSequenceNumbers == b.ExtendedSequenceNumbers
        && a.KeyingMaterial.Span.SequenceEqual(b.KeyingMaterial.Span);

    private void Drain()
    {
        while (Endpoint.TryTakeEvent(out IkeEvent? happened))
        {
            Events.Add(happened);
            Apply(happened);
        }

        while (Endpoint.TryTakeOutput(out IkeOutput output))
        {
            Sent++;
            BytesSent += output.Message.Length;
            _world.Send(this, output.To, output.Message.ToArray());
        }
    }

    private void Apply(IkeEvent happened)
    {
        switch (happened)
        {
            case ChildSaEstablished made:
                Assert.True(Installed.TryAdd(made.Inbound.Spi, made), "an SPI is used twice");
                PeerEndpoints[made.Peer] = made.Endpoint;
                if (made.ActivateOutbound) Sending[made.Peer] = made.Inbound.Spi;
                break;
            case ChildSaActivated active:
                Assert.True(Installed.ContainsKey(active.InboundSpi));
                Sending[active.Peer] = active.InboundSpi;
                break;
            case ChildSaDeleted gone:
                Assert.True(Installed.Remove(gone.InboundSpi), "a pair is deleted twice");
                if (Sending.GetValueOrDefault(gone.Peer) != gone.InboundSpi) break;
                Sending.Remove(gone.Peer);
                if (Installed.Values.LastOrDefault(c => c.Peer.Equals(gone.Peer)) is { } next) Sending[gone.Peer] = next.Inbound.Spi;
                break;
            case PeerEndpointChanged moved:
                PeerEndpoints[moved.Peer] = moved.Endpoint;
                break;
        }
    }
}
