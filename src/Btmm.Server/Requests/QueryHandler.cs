using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>Answers QUERY messages: finds the zone, applies the access policy and asks the snapshot. Thread-safe.</summary>
internal sealed class QueryHandler(ZoneDirectory zones, ServerMetrics metrics)
{
    /// <summary>Answers the question of a request whose form and signature have been checked.</summary>
    /// <param name="request">The request.</param>
    /// <param name="key">The key that signed it, or null.</param>
    /// <param name="answer">Where the answer goes.</param>
    internal void Answer(in DnsRequestView request, TsigKey? key, QueryAnswer answer)
    {
        metrics.Add(ServerCount.Queries);
        DnsRcode rcode = request.Header.QuestionCount == 1 ? CheckType(request.Type, request.Class) : DnsRcode.FormErr;
        if (rcode is DnsRcode.Refused or DnsRcode.NotImp)
            answer.Refuse(rcode, ExtendedDnsError.NotSupported);
        else if (rcode != DnsRcode.NoError)
            answer.Start(rcode);
        else if (zones.FindFor(request.Name) is { } zone)
            Answer(new ZoneReader(zone, key), request.Name, request.Type, answer);
        else
            answer.Refuse(DnsRcode.Refused, ExtendedDnsError.NotAuthoritative);
    }

    private static void Answer(ZoneReader reader, ReadOnlySpan<byte> name, DnsType type, QueryAnswer answer)
    {
        ZoneSnapshot snapshot = reader.Zone.Live;
        if (reader.MayRead(name, type))
        {
            QueryProcessor.Answer(snapshot, reader, name, type, answer);
            return;
        }

        if (type != DnsType.SOA)
        {
            answer.Refuse(DnsRcode.Refused, ExtendedDnsError.Prohibited);
            return;
        }

        // Anybody may find out which zone a name lies in (RFC 8764 §4), but not whether the name exists.
        answer.Start(DnsRcode.NoError, isAuthoritative: true);
        answer.Authority.Add(snapshot.NegativeSoa);
    }

    // We hold data of class IN only, give no zone transfers here, and meta types other than ANY cannot be asked for.
    private static DnsRcode CheckType(DnsType type, DnsClass @class)
    {
        if (@class != DnsClass.IN)
            return DnsRcode.Refused;
        return type switch
        {
            DnsType.ANY => DnsRcode.NoError,
            DnsType.AXFR or DnsType.IXFR => DnsRcode.Refused,
            DnsType.None or DnsType.OPT or DnsType.TSIG => DnsRcode.FormErr,
            _ when (ushort)type is >= 128 and <= 255 => DnsRcode.NotImp,
            _ => DnsRcode.NoError,
        };
    }
}
