using System.Buffers.Binary;
using System.Net;
using Btmm.Protocol.Ike.Events;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>What all IKE SAs of an endpoint share: options, time, randomness, SPIs, and the queues of outputs and events.</summary>
internal sealed class IkeHub(IkeOptions options, IIkePolicy policy, IRandomSource random)
{
    private readonly Dictionary<ulong, IkeSa> _sas = [];
    private readonly Dictionary<uint, ChildSa> _children = [];
    private readonly List<(TimeSpan At, ChildSa Child)> _retiring = [];
    private readonly Dictionary<IPAddress, IPEndPoint> _records = [];
    private readonly HashSet<string> _withoutExtended = [];
    private readonly Queue<IkeOutput> _outputs = new();
    private readonly Queue<IkeEvent> _events = new();

    public IkeOptions Options { get; } = options;

    public IIkePolicy Policy { get; } = policy;

    public IRandomSource Random { get; } = random;

    public string LocalIdentity { get; } = IkeIdentificationPayload.Normalize(options.LocalIdentity);

    public TimeSpan Now { get; set; }

    /// <summary>This host's address and port as it knows them itself.</summary>
    public IPEndPoint? LocalEndpoint { get; set; }

    public IReadOnlyCollection<IkeSa> Sas => _sas.Values;

    public int EstablishedCount => _sas.Values.Count(sa => sa.State == IkeSaState.Established);

    public int HalfOpenCount => _sas.Values.Count(sa => sa.State == IkeSaState.HalfOpen);

    public IkeSa? Find(ulong localSpi) => _sas.GetValueOrDefault(localSpi);

    public ChildSa? FindChild(uint inboundSpi) => _children.GetValueOrDefault(inboundSpi);

    /// <summary>The peer's child SA on which this host sends with <paramref name="outboundSpi"/>.</summary>
    public ChildSa? FindChild(string identity, uint outboundSpi) =>
        _children.Values.FirstOrDefault(c => c.OutboundSpi == outboundSpi && !c.IsGone && c.Owner.PeerIdentity == identity);

    public void Add(IkeSa sa) => _sas.Add(sa.LocalSpi, sa);

    public void Remove(IkeSa sa) => _sas.Remove(sa.LocalSpi);

    public void Add(ChildSa child) => _children.Add(child.InboundSpi, child);

    /// <summary>Reports a child SA as deleted, now or after its grace; it must have been marked gone.</summary>
    public void Retire(ChildSa child, TimeSpan grace)
    {
        if (grace > TimeSpan.Zero) _retiring.Add((Now + grace, child));
        else Forget(child);
    }

    public TimeSpan? NextRetirement => _retiring.Count == 0 ? null : _retiring.Min(r => r.At);

    public void RetireDue()
    {
        foreach ((TimeSpan at, ChildSa child) in _retiring.ToArray())
            if (at <= Now) Forget(child);
        _retiring.RemoveAll(r => r.At <= Now);
    }

    public void Send(IPEndPoint to, byte[] message) => _outputs.Enqueue(new IkeOutput(to, message));

    public void Raise(IkeEvent happened) => _events.Enqueue(happened);

    public bool TryTakeOutput(out IkeOutput output) => _outputs.TryDequeue(out output);

    public bool TryTakeEvent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IkeEvent? happened) =>
        _events.TryDequeue(out happened);

    public byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        Random.Fill(bytes);
        return bytes;
    }

    public ulong NewIkeSpi()
    {
        while (true)
        {
            ulong spi = BinaryPrimitives.ReadUInt64BigEndian(RandomBytes(8));
            if (spi != 0 && !_sas.ContainsKey(spi)) return spi;
        }
    }

    /// <summary>An SPI for ESP: not 0..255 (reserved), not in use.</summary>
    public uint NewEspSpi()
    {
        while (true)
        {
            uint spi = BinaryPrimitives.ReadUInt32BigEndian(RandomBytes(4));
            if (spi > 255 && !_children.ContainsKey(spi)) return spi;
        }
    }

    /// <summary>Whether 64-bit sequence numbers are offered to a peer.</summary>
    public bool OffersExtended(string identity) =>
        Options.SequenceNumbers == IkeSequenceNumbers.OfferExtended && !_withoutExtended.Contains(identity);

    /// <summary>
    /// A proven peer refused a child SA: the next offer goes without 64-bit numbers, which some daemons choose though their packet
    /// path has none.
    /// </summary>
    public void OfferNoExtended(string identity)
    {
        if (_withoutExtended.Count < Options.MaxPeers) _withoutExtended.Add(identity);
    }

    /// <summary>Keeps where a peer's records say it is.</summary>
    public void SetRecord(IPAddress peer, IPEndPoint? endpoint)
    {
        if (endpoint is null) _records.Remove(peer);
        else if (_records.Count < Options.MaxPeers || _records.ContainsKey(peer)) _records[peer] = endpoint;
    }

    public IPEndPoint? RecordOf(IPAddress? peer) => peer is null ? null : _records.GetValueOrDefault(peer);

    /// <summary>A part of <paramref name="range"/> chosen at random.</summary>
    public TimeSpan RandomPart(TimeSpan range) => range * (BinaryPrimitives.ReadUInt32BigEndian(RandomBytes(4)) / (double)uint.MaxValue);

    /// <summary>A lifetime less a random part of the configured jitter.</summary>
    public TimeSpan Jittered(TimeSpan lifetime) => lifetime - RandomPart(lifetime * Math.Clamp(Options.LifetimeJitter, 0, 0.5));

    /// <summary>The key of an identity; false when unknown or too short to be safe.</summary>
    public bool TryGetKey(string identity, out ReadOnlyMemory<byte> key) =>
        Policy.TryGetPreSharedKey(identity, out key) && key.Length >= 16;

    private void Forget(ChildSa child)
    {
        _children.Remove(child.InboundSpi);
        child.Owner.Forget(child);
        Raise(new ChildSaDeleted(child.Peer, child.InboundSpi));
    }
}
