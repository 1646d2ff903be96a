using System.Collections.Frozen;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Policy;

/// <summary>
/// Which key may do what in one zone. A key may have several entries, and may do what any of them says. Immutable, and found
/// without regard to how many keys there are.
/// </summary>
internal sealed class ZoneGrants
{
    private readonly FrozenDictionary<DnsName, ZoneKey[]> _byKey;

    internal ZoneGrants(IEnumerable<ZoneKey> keys) =>
        _byKey = keys.GroupBy(static item => item.Key.Name, DnsNameComparer.Instance)
            .ToFrozenDictionary(static group => group.Key, static group => group.ToArray(), DnsNameComparer.Instance);

    /// <summary>Keys with a grant.</summary>
    internal int KeyCount => _byKey.Count;

    /// <summary>Whether the key has a right somewhere in the zone.</summary>
    internal bool Allow(TsigKey? key, ZoneAccess access)
    {
        foreach (ZoneKey item in Find(key))
        {
            if (item.Access.HasFlag(access))
                return true;
        }

        return false;
    }

    /// <summary>Whether the key has a right at a name in uncompressed wire form.</summary>
    internal bool Allow(TsigKey? key, ZoneAccess access, ReadOnlySpan<byte> name)
    {
        foreach (ZoneKey item in Find(key))
        {
            if (item.Access.HasFlag(access) && DnsNameWire.IsSubdomainOf(name, item.Scope.Wire))
                return true;
        }

        return false;
    }

    // Names are unique among a service's keys, and the key that is asked about has verified a signature.
    private ReadOnlySpan<ZoneKey> Find(TsigKey? key) => key is not null && _byKey.TryGetValue(key.Name, out ZoneKey[]? found) ? found : [];
}
