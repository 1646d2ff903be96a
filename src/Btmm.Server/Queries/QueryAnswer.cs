using Btmm.Protocol.Dns;

namespace Btmm.Server.Queries;

/// <summary>The sections of an answer to one question, before EDNS and TSIG.</summary>
internal sealed class QueryAnswer
{
    internal DnsRcode Rcode { get; set; }

    /// <summary>The AA bit: clear in referrals and refusals.</summary>
    internal bool IsAuthoritative { get; set; }

    internal List<DnsRecord> Answers { get; } = [];

    internal List<DnsRecord> Authority { get; } = [];

    internal List<DnsRecord> Additional { get; } = [];

    internal static QueryAnswer Of(DnsRcode rcode) => new() { Rcode = rcode };
}
