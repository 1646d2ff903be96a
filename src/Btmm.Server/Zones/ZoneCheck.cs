using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Zones;

/// <summary>What other servers would not accept in a zone. Holds no state.</summary>
internal static class ZoneCheck
{
    /// <summary>The first thing that is wrong with the records of a zone file; null when nothing is.</summary>
    internal static string? FindProblem(DnsName apex, IReadOnlyList<DnsRecord> records)
    {
        int soas = 0;
        foreach (DnsRecord record in records)
        {
            if (!record.Name.IsSubdomainOf(apex))
                return $"{record.Name} lies outside the zone {apex}.";
            if (record.Type == DnsType.SOA && record.Name != apex)
                return $"{record.Name} has a SOA record, which belongs to {apex} alone.";
            if (record.Type == DnsType.DNAME)
                return $"{record.Name} has a DNAME record, which this service does not follow.";
            soas += record.Type == DnsType.SOA ? 1 : 0;
        }

        return soas switch
        {
            0 => $"There is no SOA record for {apex}.",
            1 => null,
            _ => $"There is more than one SOA record for {apex}.",
        };
    }

    /// <summary>The first thing that is wrong with a whole zone; null when nothing is.</summary>
    internal static string? FindProblem(ZoneSnapshot zone)
    {
        foreach (ZoneNode node in zone.Nodes)
        {
            // RFC 1034 §3.6.2, RFC 2181 §10.1.
            if (node.Has(DnsType.CNAME) && node.Records.Length > 1)
                return $"{node.Name} has a CNAME record and others beside it.";
            foreach (ZoneRecord item in node.OfType(DnsType.NS))
            {
                if (FindProblem(zone, node.Name, ((NsData)item.Record.Data).NameServer) is { } problem)
                    return problem;
            }
        }

        return null;
    }

    // RFC 1034 §4.2.1: who is sent to a server inside the zone must also get its address from here; RFC 2181 §10.3: no alias.
    private static string? FindProblem(ZoneSnapshot zone, DnsName owner, DnsName server)
    {
        if (!zone.Contains(server) || (!server.IsSubdomainOf(owner) && IsDelegated(zone, server)))
            return null;
        ZoneNode? node = zone.Find(server);
        if (node is not null && node.Has(DnsType.CNAME))
            return $"The name server {server} of {owner} is an alias.";
        return node is not null && (node.Has(DnsType.A) || node.Has(DnsType.AAAA)) ? null : $"The name server {server} of {owner} has no address.";
    }

    private static bool IsDelegated(ZoneSnapshot zone, DnsName name)
    {
        for (DnsName at = name; at != zone.Apex; at = at.Parent)
        {
            if (zone.Find(at) is { } node && node.Has(DnsType.NS))
                return true;
        }

        return false;
    }
}
