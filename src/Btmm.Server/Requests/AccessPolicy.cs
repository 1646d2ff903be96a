using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>
/// Who may do what: an account's records are for holders of its key, records for discovery are for everybody and are changed by
/// the service alone. Holds no state.
/// </summary>
internal static class AccessPolicy
{
    /// <summary>Whether the asker may read the records of a name.</summary>
    internal static bool MayRead(Zone zone, TsigKey? key, DnsName name, DnsType type) => MayRead(zone, key, name.Wire, type);

    /// <summary>Whether the asker may read the records of a name in uncompressed wire form.</summary>
    internal static bool MayRead(Zone zone, TsigKey? key, ReadOnlySpan<byte> name, DnsType type) =>
        zone.Options.IsPublic || zone.Discovery.IsPublic(name, type) || IsInScope(zone, key, name, ZoneAccess.Read);

    /// <summary>Whether the key may change anything in a zone.</summary>
    internal static bool MayChangeZone(Zone zone, TsigKey? key) => zone.Options.Keys.Any(item => IsSame(item, key, ZoneAccess.Change));

    /// <summary>Whether the key may change the records of a name.</summary>
    internal static bool MayChange(Zone zone, TsigKey? key, DnsName name) => !zone.Discovery.Contains(name) && IsInScope(zone, key, name.Wire, ZoneAccess.Change);

    private static bool IsInScope(Zone zone, TsigKey? key, ReadOnlySpan<byte> name, ZoneAccess access)
    {
        foreach (ZoneKey item in zone.Options.Keys)
        {
            if (IsSame(item, key, access) && DnsNameWire.IsSubdomainOf(name, item.Scope.Wire))
                return true;
        }

        return false;
    }

    // Names are unique among a service's keys, and the key that is asked about has verified a signature.
    private static bool IsSame(ZoneKey item, TsigKey? key, ZoneAccess access) =>
        key is not null && item.Access.HasFlag(access) && item.Key.Name == key.Name;
}
