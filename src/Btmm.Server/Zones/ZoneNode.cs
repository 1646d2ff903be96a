using System.Collections.Immutable;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>
/// A name of a zone: its records, and how many names exist directly below it. A node without records is an empty
/// non-terminal (RFC 8499 §7): it exists, so asking for it is not NXDOMAIN. Immutable.
/// </summary>
internal sealed record ZoneNode(DnsName Name, ImmutableArray<ZoneRecord> Records, int Children)
{
    internal bool Has(DnsType type) => IndexOf(type) >= 0;

    internal IEnumerable<ZoneRecord> OfType(DnsType type)
    {
        foreach (ZoneRecord record in Records)
        {
            if (record.Record.Type == type)
                yield return record;
        }
    }

    private int IndexOf(DnsType type)
    {
        for (int i = 0; i < Records.Length; i++)
        {
            if (Records[i].Record.Type == type)
                return i;
        }

        return -1;
    }
}
