using System.Collections.Frozen;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>The zones of a service by name. Immutable and thread-safe.</summary>
internal sealed class ZoneDirectory
{
    private readonly FrozenDictionary<DnsName, Zone> _zones;

    internal ZoneDirectory(IEnumerable<Zone> zones) => _zones = zones.ToFrozenDictionary(static zone => zone.Apex, DnsNameComparer.Instance);

    internal IEnumerable<Zone> All => _zones.Values;

    /// <summary>The zone with exactly this name.</summary>
    internal Zone? FindApex(DnsName apex) => _zones.GetValueOrDefault(apex);

    /// <summary>The zone that a name lies in: the closest one above it.</summary>
    internal Zone? FindFor(DnsName name)
    {
        for (DnsName at = name; ; at = at.Parent)
        {
            if (_zones.TryGetValue(at, out Zone? zone))
                return zone;
            if (at.IsRoot)
                return null;
        }
    }
}
