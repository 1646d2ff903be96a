using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>
/// Fills the additional section with what the asker will want next: addresses of NS and SRV targets (RFC 1035 §3.3.11,
/// RFC 2782), SRV and TXT of PTR targets and their addresses (RFC 6763 §12). Allocates nothing.
/// </summary>
internal static class AdditionalRecords
{
    // Enough for any sensible answer; what is left out can be asked for.
    private const int MaxRecords = 100;
    private const int MaxFollowed = 100;

    /// <summary>Adds what belongs to the answers and the authority section, as far as the asker may read it.</summary>
    internal static void Add(ZoneSnapshot zone, ZoneReader reader, QueryAnswer answer)
    {
        foreach (DnsRecord record in answer.Answers)
            Follow(zone, reader, record, answer);
        foreach (DnsRecord record in answer.Authority)
            Follow(zone, reader, record, answer);
    }

    /// <summary>Adds the addresses of a delegation's servers that lie below it: whoever asks cannot find them elsewhere.</summary>
    internal static void AddGlue(ZoneSnapshot zone, ZoneReader reader, DnsName cut, QueryAnswer answer)
    {
        foreach (DnsRecord record in answer.Authority)
        {
            if (record.Data is NsData ns && ns.NameServer.IsSubdomainOf(cut))
                AddSets(zone, reader, ns.NameServer, DnsType.A, DnsType.AAAA, answer);
        }

        answer.RequiredAdditional = answer.Additional.Count;
    }

    private static void Follow(ZoneSnapshot zone, ZoneReader reader, DnsRecord record, QueryAnswer answer)
    {
        switch (record.Data)
        {
            case NsData ns:
                AddSets(zone, reader, ns.NameServer, DnsType.A, DnsType.AAAA, answer);
                break;
            case SrvData srv:
                AddSets(zone, reader, srv.Target, DnsType.A, DnsType.AAAA, answer);
                break;
            case PtrData ptr:
                int start = answer.Additional.Count;
                AddSets(zone, reader, ptr.Target, DnsType.SRV, DnsType.TXT, answer);
                for (int i = start, end = answer.Additional.Count; i < end; i++)
                    Follow(zone, reader, answer.Additional[i], answer);
                break;
        }
    }

    private static void AddSets(ZoneSnapshot zone, ZoneReader reader, DnsName name, DnsType first, DnsType second, QueryAnswer answer)
    {
        if (answer.Additional.Count >= MaxRecords || answer.Followed.Count >= MaxFollowed || zone.Find(name) is not { } node)
            return;
        AddSet(node, reader, first, answer);
        AddSet(node, reader, second, answer);
    }

    private static void AddSet(ZoneNode node, ZoneReader reader, DnsType type, QueryAnswer answer)
    {
        if (!node.Has(type) || answer.Followed.Contains((node.Name, type)) || IsAnswered(answer, node.Name, type) || !reader.MayRead(node.Name.Wire, type))
            return;
        answer.Followed.Add((node.Name, type));
        QueryAnswer.AddSet(answer.Additional, node, type);
    }

    // The answers are CNAMEs and then one set, so the last of them tells.
    private static bool IsAnswered(QueryAnswer answer, DnsName name, DnsType type) =>
        answer.Answers is [.., DnsRecord last] && last.Type == type && last.Name == name;
}
