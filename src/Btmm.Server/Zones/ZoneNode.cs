using System.Collections.Immutable;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>
/// A name of a zone: its records, and how many names exist directly below it. A node without records is an empty
/// non-terminal (RFC 8499 §7): it exists, so asking for it is not NXDOMAIN. Immutable.
/// </summary>
internal sealed record ZoneNode(DnsName Name, ImmutableArray<ZoneRecord> Records, int Children)
{
    internal bool Has(DnsType type) => Find(type) is not null;

    /// <summary>The first record of a type, or null.</summary>
    internal DnsRecord? Find(DnsType type)
    {
        foreach (ZoneRecord record in Records)
        {
            if (record.Record.Type == type)
                return record.Record;
        }

        return null;
    }

    internal IEnumerable<ZoneRecord> OfType(DnsType type)
    {
        foreach (ZoneRecord record in Records)
        {
            if (record.Record.Type == type)
                yield return record;
        }
    }
}
