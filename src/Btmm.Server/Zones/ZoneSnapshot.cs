using System.Collections.Immutable;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Zones;

/// <summary>
/// All of a zone at one moment. A query works on one snapshot from beginning to end and so never sees half an update
/// (RFC 2136 §3.7). Immutable and thread-safe.
/// </summary>
internal sealed class ZoneSnapshot
{
    private ZoneSnapshot(DnsName apex, ImmutableDictionary<DnsName, ZoneNode> nodes, int recordCount)
    {
        Apex = apex;
        Nodes = nodes;
        RecordCount = recordCount;
        Soa = nodes[apex].OfType(DnsType.SOA).First().Record;
    }

    /// <summary>The zone's name.</summary>
    internal DnsName Apex { get; }

    /// <summary>The SOA record.</summary>
    internal DnsRecord Soa { get; }

    /// <summary>The SOA's serial.</summary>
    internal uint Serial => ((SoaData)Soa.Data).Serial;

    /// <summary>Records in the zone, the SOA included.</summary>
    internal int RecordCount { get; }

    /// <summary>Every existing name.</summary>
    internal ImmutableDictionary<DnsName, ZoneNode> Nodes { get; }

    /// <summary>A new zone with only its SOA.</summary>
    internal static ZoneSnapshot Create(DnsRecord soa)
    {
        var apex = new ZoneNode(soa.Name, [new ZoneRecord(soa, null)], 0);
        var nodes = ImmutableDictionary.Create<DnsName, ZoneNode>(DnsNameComparer.Instance).Add(soa.Name, apex);
        return new ZoneSnapshot(soa.Name, nodes, 1);
    }

    internal ZoneSnapshot With(ImmutableDictionary<DnsName, ZoneNode> nodes, int recordCount) => new(Apex, nodes, recordCount);

    internal bool Contains(DnsName name) => name.IsSubdomainOf(Apex);

    internal ZoneNode? Find(DnsName name) => Nodes.GetValueOrDefault(name);

    /// <summary>The records of one type at one name; none when the name does not exist.</summary>
    internal IReadOnlyList<DnsRecord> FindSet(DnsName name, DnsType type) =>
        Find(name) is { } node ? [.. node.OfType(type).Select(static record => record.Record)] : [];
}
