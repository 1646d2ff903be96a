using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.Updates;

/// <summary>The outcome of an update: with an rcode other than NOERROR nothing has changed.</summary>
internal sealed record UpdateResult(DnsRcode Rcode, ZoneSnapshot Snapshot, ZoneChange Change)
{
    /// <summary>Whether the zone's quota was the reason.</summary>
    internal bool IsOverQuota { get; private init; }

    internal static UpdateResult OverQuota(ZoneSnapshot snapshot) => Failed(DnsRcode.Refused, snapshot) with { IsOverQuota = true };

    internal static UpdateResult Failed(DnsRcode rcode, ZoneSnapshot snapshot) => new(rcode, snapshot, ZoneChange.None);
}
