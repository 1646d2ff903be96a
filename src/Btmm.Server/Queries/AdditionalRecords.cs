using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>
/// Fills the additional section with what the asker will want next: addresses of NS and SRV targets (RFC 1035 §3.3.11,
/// RFC 2782), SRV and TXT of PTR targets and their addresses (RFC 6763 §12).
/// </summary>
internal static class AdditionalRecords
{
    // Enough for any sensible answer; what is left out can be asked for.
    private const int MaxRecords = 100;

    internal static void Add(ZoneSnapshot zone, QueryAnswer answer)
    {
        HashSet<(DnsName, DnsType)> seen = [.. answer.Answers.Select(static record => (record.Name, record.Type))];
        foreach (DnsRecord record in answer.Answers.Concat(answer.Authority).ToArray())
            Follow(zone, record, answer.Additional, seen);
    }

    private static void Follow(ZoneSnapshot zone, DnsRecord record, List<DnsRecord> list, HashSet<(DnsName, DnsType)> seen)
    {
        switch (record.Data)
        {
            case NsData ns:
                AddSets(zone, ns.NameServer, [DnsType.A, DnsType.AAAA], list, seen);
                break;
            case SrvData srv:
                AddSets(zone, srv.Target, [DnsType.A, DnsType.AAAA], list, seen);
                break;
            case PtrData ptr:
                int start = list.Count;
                AddSets(zone, ptr.Target, [DnsType.SRV, DnsType.TXT], list, seen);
                for (int i = start, end = list.Count; i < end; i++)
                    Follow(zone, list[i], list, seen);
                break;
        }
    }

    private static void AddSets(ZoneSnapshot zone, DnsName name, ReadOnlySpan<DnsType> types, List<DnsRecord> list, HashSet<(DnsName, DnsType)> seen)
    {
        foreach (DnsType type in types)
        {
            if (list.Count < MaxRecords && seen.Add((name, type)))
                list.AddRange(zone.FindSet(name, type));
        }
    }
}
