using System.Collections.Frozen;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>The zones of a service by name. Immutable and thread-safe.</summary>
internal sealed class ZoneDirectory
{
    private readonly FrozenDictionary<DnsName, Zone> _zones;
    private readonly FrozenDictionary<DnsName, Zone>.AlternateLookup<ReadOnlySpan<byte>> _wireZones;

    internal ZoneDirectory(IEnumerable<Zone> zones)
    {
        _zones = zones.ToFrozenDictionary(static zone => zone.Apex, DnsNameComparer.Instance);
        _wireZones = _zones.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    internal IEnumerable<Zone> All => _zones.Values;

    /// <summary>The zone with exactly this name.</summary>
    internal Zone? FindApex(DnsName apex) => _zones.GetValueOrDefault(apex);

    /// <summary>The zone that a name lies in: the closest one above it.</summary>
    internal Zone? FindFor(DnsName name) => FindFor(name.Wire);

    /// <summary>The zone that a name in uncompressed wire form lies in.</summary>
    internal Zone? FindFor(ReadOnlySpan<byte> name)
    {
        while (true)
        {
            if (_wireZones.TryGetValue(name, out Zone? zone))
                return zone;
            if (name[0] == 0)
                return null;
            name = name[(1 + name[0])..];
        }
    }
}
