using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>
/// Answers one question from one snapshot (RFC 1034 §4.3.2 without recursion): delegations, wildcards, CNAME chains inside the
/// zone, negative answers with the SOA (RFC 2308 §3) and minimal answers to ANY (RFC 8482 §4.1). Holds no state.
/// </summary>
internal static class QueryProcessor
{
    // A chain longer than this is a mistake in the zone; what was found so far is answered.
    private const int MaxCnameChain = 8;

    internal static QueryAnswer Answer(ZoneSnapshot zone, DnsName name, DnsType type)
    {
        var answer = new QueryAnswer { IsAuthoritative = true };
        for (int step = 0; step <= MaxCnameChain; step++)
        {
            if (FindDelegation(zone, name) is { } cut)
            {
                answer.IsAuthoritative = step > 0;
                answer.Authority.AddRange(cut.OfType(DnsType.NS).Select(static item => item.Record));
                break;
            }

            DnsRecord[] all = RecordsAt(zone, name, out bool exists);
            if (Select(all, type) is { Length: > 0 } found)
            {
                answer.Answers.AddRange(found);
                break;
            }

            if (Array.Find(all, static record => record.Type == DnsType.CNAME) is not { Data: CnameData alias } cname)
            {
                answer.Rcode = exists ? DnsRcode.NoError : DnsRcode.NXDomain;
                answer.Authority.Add(zone.NegativeSoa);
                break;
            }

            answer.Answers.Add(cname);
            if (!zone.Contains(alias.Target) || answer.Answers.Exists(earlier => earlier.Name == alias.Target))
                break;
            name = alias.Target;
        }

        AdditionalRecords.Add(zone, answer);
        return answer;
    }

    private static DnsRecord[] Select(DnsRecord[] all, DnsType type)
    {
        // RFC 8482 §4.1: one record set stands for all.
        DnsType wanted = type == DnsType.ANY && all.Length > 0 ? all[0].Type : type;
        return Array.FindAll(all, record => record.Type == wanted);
    }

    // NS records below the apex hand that part of the zone to somebody else (RFC 1034 §4.2.1).
    private static ZoneNode? FindDelegation(ZoneSnapshot zone, DnsName name)
    {
        ZoneNode? cut = null;
        for (DnsName at = name; at != zone.Apex && !at.IsRoot; at = at.Parent)
        {
            if (zone.Find(at) is { } node && node.Has(DnsType.NS))
                cut = node;
        }

        return cut;
    }

    // RFC 4592 §3.3.1: the closest encloser's "*" child answers for names that do not exist.
    private static DnsRecord[] RecordsAt(ZoneSnapshot zone, DnsName name, out bool exists)
    {
        ZoneNode? node = zone.Find(name);
        exists = node is not null;
        if (node is not null)
            return [.. node.Records.Select(static item => item.Record)];

        DnsName encloser = name.Parent;
        while (zone.Find(encloser) is null)
            encloser = encloser.Parent;
        ZoneNode? source = encloser.WireLength + 2 <= DnsNameWire.MaxLength ? zone.Find(encloser.Prepend("*")) : null;
        exists = source is not null;
        return source is null ? [] : [.. source.Records.Select(item => item.Record with { Name = name })];
    }
}
