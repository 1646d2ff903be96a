using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>One thing that a key is good for. Immutable.</summary>
/// <param name="Zone">The zone's name.</param>
/// <param name="Scope">The name, in the zone, at and below which the grant holds.</param>
/// <param name="Access">What the key's holder may do there.</param>
public sealed record KeyGrant(DnsName Zone, DnsName Scope, ZoneAccess Access)
{
    /// <summary>Reading and changing a whole zone.</summary>
    public static KeyGrant WholeZone(DnsName zone) => new(zone, zone, ZoneAccess.Read | ZoneAccess.Change);

    /// <summary>Scope and rights, for people.</summary>
    public override string ToString() => $"{Scope}: {Access}";
}
