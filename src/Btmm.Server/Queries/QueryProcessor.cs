using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>
/// Answers one question from one snapshot (RFC 1034 §4.3.2 without recursion): delegations, wildcards, CNAME chains inside the
/// zone, negative answers with the SOA (RFC 2308 §3) and minimal answers to ANY (RFC 8482 §4.1). Holds no state, and allocates
/// nothing but for names that a wildcard stands for.
/// </summary>
internal static class QueryProcessor
{
    // A chain longer than this is a mistake in the zone; what was found so far is answered.
    private const int MaxCnameChain = 8;

    /// <summary>Answers a question whose name lies in the zone and may be read.</summary>
    /// <param name="zone">The snapshot.</param>
    /// <param name="reader">Who asks: he is led to no name that he may not read.</param>
    /// <param name="name">The name in uncompressed wire form.</param>
    /// <param name="type">The type.</param>
    /// <param name="answer">Where the answer goes.</param>
    internal static void Answer(ZoneSnapshot zone, ZoneReader reader, ReadOnlySpan<byte> name, DnsType type, QueryAnswer answer)
    {
        answer.Start(DnsRcode.NoError, isAuthoritative: true);
        for (int step = 0; step <= MaxCnameChain; step++)
        {
            if (FindDelegation(zone, name, type) is { } cut)
            {
                answer.IsAuthoritative = step > 0;
                QueryAnswer.AddSet(answer.Authority, cut, DnsType.NS);
                AdditionalRecords.AddGlue(zone, reader, cut.Name, answer);
                break;
            }

            ZoneNode? source = zone.Find(name) ?? FindWildcard(zone, name);
            int before = answer.Answers.Count;
            CnameData? alias = source is null ? null : AddAnswers(source, name, type, answer);
            if (answer.Answers.Count == before)
            {
                answer.Rcode = source is null ? DnsRcode.NXDomain : DnsRcode.NoError;
                answer.Authority.Add(zone.NegativeSoa);
                break;
            }

            if (alias is null || !zone.Contains(alias.Target) || WasThere(answer.Answers, alias.Target) || !reader.MayRead(alias.Target.Wire, type))
                break;
            name = alias.Target.Wire;
        }

        AdditionalRecords.Add(zone, reader, answer);
    }

    // The records asked for, or else a CNAME, which is returned.
    private static CnameData? AddAnswers(ZoneNode source, ReadOnlySpan<byte> name, DnsType type, QueryAnswer answer)
    {
        int start = answer.Answers.Count;
        CnameData? alias = null;
        if (!source.Records.IsEmpty)
        {
            // RFC 8482 §4.1: one record set stands for all.
            QueryAnswer.AddSet(answer.Answers, source, type == DnsType.ANY ? source.Records[0].Record.Type : type);
            if (answer.Answers.Count == start && source.Find(DnsType.CNAME) is { Data: CnameData data } cname)
            {
                answer.Answers.Add(cname);
                alias = data;
            }
        }

        if (source.Name.Wire[0] == 1 && source.Name.Wire[1] == '*' && !DnsNameWire.Equals(source.Name.Wire, name))
            Rename(answer.Answers, start, name);
        return alias;
    }

    // RFC 4592 §4.1: records that a wildcard stands for have the name that was asked for.
    private static void Rename(List<DnsRecord> records, int start, ReadOnlySpan<byte> name)
    {
        if (start == records.Count || !DnsName.TryFromWire(name, out DnsName? owner))
            return;
        for (int i = start; i < records.Count; i++)
            records[i] = records[i] with { Name = owner };
    }

    private static bool WasThere(List<DnsRecord> answers, DnsName name)
    {
        foreach (DnsRecord earlier in answers)
        {
            if (earlier.Name == name)
                return true;
        }

        return false;
    }

    // NS records below the apex hand that part of the zone to somebody else (RFC 1034 §4.2.1), but for the DS record, which is
    // on our side of the cut (RFC 4035 §3.1.4.1).
    private static ZoneNode? FindDelegation(ZoneSnapshot zone, ReadOnlySpan<byte> name, DnsType type)
    {
        ZoneNode? cut = null;
        if (zone.Figures.Delegations == 0)
            return cut;
        bool isAbove = type == DnsType.DS;
        for (ReadOnlySpan<byte> at = name; at.Length > zone.Apex.WireLength; at = at[(1 + at[0])..])
        {
            if (!isAbove && zone.Find(at) is { } node && node.Has(DnsType.NS))
                cut = node;
            isAbove = false;
        }

        return cut;
    }

    // RFC 4592 §3.3.1: the closest encloser's "*" child answers for names that do not exist.
    private static ZoneNode? FindWildcard(ZoneSnapshot zone, ReadOnlySpan<byte> name)
    {
        ZoneNode? encloser = null;
        while (encloser is null && name.Length > zone.Apex.WireLength)
        {
            name = name[(1 + name[0])..];
            encloser = zone.Find(name);
        }

        if (encloser is null or { Children: 0 } || name.Length + 2 > DnsNameWire.MaxLength)
            return null;
        Span<byte> wildcard = stackalloc byte[DnsNameWire.MaxLength];
        wildcard[0] = 1;
        wildcard[1] = (byte)'*';
        name.CopyTo(wildcard[2..]);
        return zone.Find(wildcard[..(name.Length + 2)]);
    }
}
