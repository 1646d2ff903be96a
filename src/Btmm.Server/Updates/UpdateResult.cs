using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.Updates;

/// <summary>The outcome of an update: with an rcode other than NOERROR nothing has changed.</summary>
internal sealed record UpdateResult(DnsRcode Rcode, ZoneSnapshot Snapshot, ZoneChange Change)
{
    internal static UpdateResult Failed(DnsRcode rcode, ZoneSnapshot snapshot) => new(rcode, snapshot, ZoneChange.None);
}
