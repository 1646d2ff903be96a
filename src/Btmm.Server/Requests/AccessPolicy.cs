using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>
/// Who may do what: an account's records are for holders of its keys, each as far as the key's grants go; records for discovery
/// are for everybody and are changed by the service alone. Holds no state.
/// </summary>
internal static class AccessPolicy
{
    /// <summary>Whether the asker may read the records of a name.</summary>
    internal static bool MayRead(Zone zone, TsigKey? key, DnsName name, DnsType type) => MayRead(zone, key, name.Wire, type);

    /// <summary>Whether the asker may read the records of a name in uncompressed wire form.</summary>
    internal static bool MayRead(Zone zone, TsigKey? key, ReadOnlySpan<byte> name, DnsType type) =>
        zone.Options.IsPublic || zone.Discovery.IsPublic(name, type) || zone.Grants.Allow(key, ZoneAccess.Read, name);

    /// <summary>Whether the key may change anything in a zone.</summary>
    internal static bool MayChangeZone(Zone zone, TsigKey? key) => zone.Grants.Allow(key, ZoneAccess.Change);

    /// <summary>Whether the key may change the records of a name.</summary>
    internal static bool MayChange(Zone zone, TsigKey? key, DnsName name) =>
        !zone.Discovery.Contains(name) && zone.Grants.Allow(key, ZoneAccess.Change, name.Wire);

    /// <summary>Whether the key may have the whole zone transferred.</summary>
    internal static bool MayTransfer(Zone zone, TsigKey? key) => zone.Grants.Allow(key, ZoneAccess.Transfer);
}
