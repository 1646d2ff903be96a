using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>The sections of an answer to one question, before EDNS and TSIG. Made once and used for one question after another.</summary>
internal sealed class QueryAnswer
{
    // What one large answer has made room for is given back after it.
    private const int KeptCapacity = 1024;

    internal DnsRcode Rcode { get; set; }

    /// <summary>Why it is no better answer; null when there is no more to say (RFC 8914).</summary>
    internal ExtendedDnsError? Why { get; set; }

    /// <summary>The AA bit: clear in referrals and refusals.</summary>
    internal bool IsAuthoritative { get; set; }

    /// <summary>Whether TC is set though everything that is here may fit: the asker is to come again by TCP.</summary>
    internal bool IsTruncated { get; set; }

    internal List<DnsRecord> Answers { get; } = [];

    internal List<DnsRecord> Authority { get; } = [];

    internal List<DnsRecord> Additional { get; } = [];

    /// <summary>How many of the first additional records a referral is of no use without (RFC 9471 §3).</summary>
    internal int RequiredAdditional { get; set; }

    /// <summary>The record sets whose names were looked up for the additional section.</summary>
    internal List<(DnsName Name, DnsType Type)> Followed { get; } = [];

    /// <summary>Begins an answer that refuses, and says why.</summary>
    internal void Refuse(DnsRcode rcode, ExtendedDnsError why)
    {
        Start(rcode);
        Why = why;
    }

    /// <summary>Begins an answer without records.</summary>
    internal void Start(DnsRcode rcode, bool isAuthoritative = false)
    {
        Rcode = rcode;
        IsAuthoritative = isAuthoritative;
        IsTruncated = false;
        Why = null;
        RequiredAdditional = 0;
        Empty(Answers);
        Empty(Authority);
        Empty(Additional);
        Followed.Clear();
    }

    /// <summary>Adds the records of one type at a node.</summary>
    internal static void AddSet(List<DnsRecord> section, ZoneNode node, DnsType type)
    {
        foreach (ZoneRecord item in node.Records)
        {
            if (item.Record.Type == type)
                section.Add(item.Record);
        }
    }

    private static void Empty(List<DnsRecord> section)
    {
        section.Clear();
        if (section.Capacity > KeptCapacity)
            section.Capacity = KeptCapacity;
    }
}
