using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server;

/// <summary>A key and the part of the zone that its holder may read and change.</summary>
/// <param name="Key">The key; stays its owner's.</param>
/// <param name="Scope">The name at and below which the key is good.</param>
public sealed record ZoneKey(TsigKey Key, DnsName Scope)
{
    /// <summary>What its holder may do there; a key with several entries may do what any of them says.</summary>
    public ZoneAccess Access { get; init; } = ZoneAccess.Read | ZoneAccess.Change;

    /// <summary>Updates a minute of its holder in all zones, as a token bucket; 0 for no limit but the zones'. The highest of a key's entries counts.</summary>
    public int UpdatesPerMinute { get; init; }
}
