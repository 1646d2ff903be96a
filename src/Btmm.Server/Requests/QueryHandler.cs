using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>Answers QUERY messages: finds the zone, applies the access policy and asks the snapshot. Thread-safe.</summary>
internal sealed class QueryHandler(ZoneDirectory zones, ServerMetrics metrics)
{
    internal DnsMessage Handle(Request request)
    {
        metrics.Add(ServerCount.Queries);
        if (request.Message.Questions is not [DnsQuestion question])
            return request.Reply(DnsRcode.FormErr);
        if (CheckType(question) is var rcode && rcode != DnsRcode.NoError)
            return request.Reply(rcode);
        if (zones.FindFor(question.Name) is not { } zone)
            return request.Reply(DnsRcode.Refused);
        return Fill(request, Answer(zone, request, question));
    }

    private static QueryAnswer Answer(Zone zone, Request request, DnsQuestion question)
    {
        ZoneSnapshot snapshot = zone.Live;
        if (AccessPolicy.MayRead(zone, request.Key, question.Name, question.Type))
        {
            QueryAnswer answer = QueryProcessor.Answer(snapshot, question.Name, question.Type);
            answer.Additional.RemoveAll(record => !AccessPolicy.MayRead(zone, request.Key, record.Name, record.Type));
            return answer;
        }

        if (question.Type != DnsType.SOA)
            return QueryAnswer.Of(DnsRcode.Refused);

        // Anybody may find out which zone a name lies in (RFC 8764 §4), but not whether the name exists.
        var where = new QueryAnswer { IsAuthoritative = true };
        where.Authority.Add(snapshot.NegativeSoa);
        return where;
    }

    // We hold data of class IN only, give no zone transfers, and meta types other than ANY cannot be asked for.
    private static DnsRcode CheckType(DnsQuestion question)
    {
        if (question.Class != DnsClass.IN)
            return DnsRcode.Refused;
        return question.Type switch
        {
            DnsType.ANY => DnsRcode.NoError,
            DnsType.AXFR or DnsType.IXFR => DnsRcode.Refused,
            DnsType.None or DnsType.OPT or DnsType.TSIG => DnsRcode.FormErr,
            _ when (ushort)question.Type is >= 128 and <= 255 => DnsRcode.NotImp,
            _ => DnsRcode.NoError,
        };
    }

    private static DnsMessage Fill(Request request, QueryAnswer answer)
    {
        DnsMessage reply = request.Reply(answer.Rcode);
        return reply with
        {
            Flags = answer.IsAuthoritative ? reply.Flags | DnsFlags.Authoritative : reply.Flags,
            Answers = answer.Answers,
            Authority = answer.Authority,
            Additional = [.. answer.Additional, .. reply.Additional],
        };
    }
}
