using System.Collections.Immutable;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Administration;

/// <summary>The zones and keys of a catalog. Immutable.</summary>
/// <param name="Zones">By name.</param>
/// <param name="Keys">By name; the keys belong to whoever loaded or made them.</param>
internal sealed record CatalogContents(ImmutableDictionary<DnsName, ZoneSettings> Zones, ImmutableDictionary<DnsName, KeySettings> Keys)
{
    internal static CatalogContents Empty { get; } = new(
        ImmutableDictionary.Create<DnsName, ZoneSettings>(DnsNameComparer.Instance),
        ImmutableDictionary.Create<DnsName, KeySettings>(DnsNameComparer.Instance));

    internal CatalogContents With(ZoneSettings zone) => this with { Zones = Zones.SetItem(zone.Apex, zone) };

    internal CatalogContents With(KeySettings key) => this with { Keys = Keys.SetItem(key.Key.Name, key) };
}
