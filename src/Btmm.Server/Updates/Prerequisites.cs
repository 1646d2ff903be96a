using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Updates;

/// <summary>Checks the prerequisite section of an update against a snapshot (RFC 2136 §3.2). Holds no state.</summary>
internal static class Prerequisites
{
    internal static DnsRcode Check(ZoneSnapshot zone, DnsClass zoneClass, IReadOnlyList<DnsRecord> prerequisites, Func<DnsRecord, bool> mayKnow)
    {
        var expected = new Dictionary<(DnsName, DnsType), HashSet<DnsData>>();
        foreach (DnsRecord record in prerequisites)
        {
            DnsRcode rcode = CheckOne(zone, zoneClass, record, mayKnow);
            if (rcode != DnsRcode.NoError)
                return rcode;
            if (record.Class != zoneClass)
                continue;
            if (!expected.TryGetValue((record.Name, record.Type), out HashSet<DnsData>? set))
                expected.Add((record.Name, record.Type), set = []);
            set.Add(record.Data);
        }

        foreach (((DnsName name, DnsType type), HashSet<DnsData> set) in expected)
        {
            if (!set.SetEquals(zone.FindSet(name, type).Select(static record => record.Data)))
                return DnsRcode.NXRRSet;
        }

        return DnsRcode.NoError;
    }

    private static DnsRcode CheckOne(ZoneSnapshot zone, DnsClass zoneClass, DnsRecord record, Func<DnsRecord, bool> mayKnow)
    {
        if (record.Ttl != 0)
            return DnsRcode.FormErr;
        if (!zone.Contains(record.Name))
            return DnsRcode.NotZone;
        // Whether it is fulfilled tells what is there: only to those who may know it (§3.3, §8).
        if (!mayKnow(record))
            return DnsRcode.Refused;
        if (record.Class == zoneClass)
            return record.Type == DnsType.ANY || record.Data is EmptyData ? DnsRcode.FormErr : DnsRcode.NoError;
        if (record.Class is not (DnsClass.ANY or DnsClass.NONE) || record.Data is not EmptyData)
            return DnsRcode.FormErr;

        // An empty non-terminal is not in use (§2.4.4).
        ZoneNode? node = zone.Find(record.Name);
        bool exists = record.Type == DnsType.ANY ? node is { Records.IsEmpty: false } : node is not null && node.Has(record.Type);
        return (record.Class, record.Type, exists) switch
        {
            (DnsClass.ANY, DnsType.ANY, false) => DnsRcode.NXDomain,
            (DnsClass.ANY, _, false) => DnsRcode.NXRRSet,
            (DnsClass.NONE, DnsType.ANY, true) => DnsRcode.YXDomain,
            (DnsClass.NONE, _, true) => DnsRcode.YXRRSet,
            _ => DnsRcode.NoError,
        };
    }
}
