using System.Collections.Frozen;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>The zones of a service by name, swapped as a whole when one comes or goes; readers never wait. Thread-safe.</summary>
internal sealed class ZoneDirectory
{
    private volatile Index _index;

    internal ZoneDirectory(IEnumerable<Zone> zones) => _index = new Index(zones);

    internal IReadOnlyList<Zone> All => _index.Zones.Values;

    /// <summary>Sets all zones.</summary>
    internal void Replace(IEnumerable<Zone> zones) => _index = new Index(zones);

    /// <summary>The zone with exactly this name.</summary>
    internal Zone? FindApex(DnsName apex) => _index.Zones.GetValueOrDefault(apex);

    /// <summary>The zone that a name lies in: the closest one above it.</summary>
    internal Zone? FindFor(DnsName name) => FindFor(name.Wire);

    /// <summary>The zone that a name in uncompressed wire form lies in.</summary>
    internal Zone? FindFor(ReadOnlySpan<byte> name)
    {
        Index index = _index;
        while (true)
        {
            if (index.ByWire.TryGetValue(name, out Zone? zone))
                return zone;
            if (name[0] == 0)
                return null;
            name = name[(1 + name[0])..];
        }
    }

    private sealed class Index
    {
        internal Index(IEnumerable<Zone> zones)
        {
            Zones = zones.ToFrozenDictionary(static zone => zone.Apex, DnsNameComparer.Instance);
            ByWire = Zones.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        internal FrozenDictionary<DnsName, Zone> Zones { get; }

        internal FrozenDictionary<DnsName, Zone>.AlternateLookup<ReadOnlySpan<byte>> ByWire { get; }
    }
}
