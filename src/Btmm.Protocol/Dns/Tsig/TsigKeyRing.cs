namespace Btmm.Protocol.Dns.Tsig;

/// <summary>A fixed set of keys; look-ups do not allocate. Thread-safe. The keys stay their owners'.</summary>
public sealed class TsigKeyRing : ITsigKeyRing
{
    private readonly Dictionary<DnsName, TsigKey> _keys = new(DnsNameComparer.Instance);
    private readonly Dictionary<DnsName, TsigKey>.AlternateLookup<ReadOnlySpan<byte>> _byWire;

    /// <summary>Makes a ring.</summary>
    /// <param name="keys">The keys; of two with one name the later counts.</param>
    public TsigKeyRing(params IEnumerable<TsigKey> keys)
    {
        foreach (TsigKey key in keys) _keys[key.Name] = key;
        _byWire = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <inheritdoc/>
    public TsigKey? Find(ReadOnlySpan<byte> name) => _byWire.TryGetValue(name, out TsigKey? key) ? key : null;
}
