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

    /// <summary>A zone from its stored records, of which no two are the same. Linear in their number.</summary>
    internal static ZoneSnapshot Create(DnsRecord soa, IReadOnlyCollection<ZoneRecord> others)
    {
        var records = new Dictionary<DnsName, ImmutableArray<ZoneRecord>.Builder>(others.Count / 2, DnsNameComparer.Instance);
        foreach (ZoneRecord item in others.Prepend(new ZoneRecord(soa, null)))
        {
            if (!records.TryGetValue(item.Record.Name, out ImmutableArray<ZoneRecord>.Builder? list))
                records.Add(item.Record.Name, list = ImmutableArray.CreateBuilder<ZoneRecord>(1));
            list.Add(item);
        }

        // Every name, and those above it up to the apex, counts for the name directly above (RFC 8499 §7).
        var children = new Dictionary<DnsName, int>(DnsNameComparer.Instance);
        foreach (DnsName name in records.Keys)
        {
            for (DnsName at = name; at != soa.Name; at = at.Parent)
            {
                bool isKnown = children.TryGetValue(at.Parent, out int count) || records.ContainsKey(at.Parent);
                children[at.Parent] = count + 1;
                if (isKnown)
                    break;
            }
        }

        IEnumerable<ZoneNode> filled = records.Select(item => new ZoneNode(item.Key, item.Value.DrainToImmutable(), children.GetValueOrDefault(item.Key)));
        IEnumerable<ZoneNode> empty = children.Where(item => !records.ContainsKey(item.Key)).Select(static item => new ZoneNode(item.Key, [], item.Value));
        ImmutableDictionary<DnsName, ZoneNode> nodes = filled.Concat(empty).ToImmutableDictionary(static node => node.Name, DnsNameComparer.Instance);
        return new ZoneSnapshot(soa.Name, nodes, others.Count + 1);
    }

    internal ZoneSnapshot With(ImmutableDictionary<DnsName, ZoneNode> nodes, int recordCount) => new(Apex, nodes, recordCount);

    internal bool Contains(DnsName name) => name.IsSubdomainOf(Apex);

    internal ZoneNode? Find(DnsName name) => Nodes.GetValueOrDefault(name);

    /// <summary>The records of one type at one name; none when the name does not exist.</summary>
    internal IReadOnlyList<DnsRecord> FindSet(DnsName name, DnsType type) =>
        Find(name) is { } node ? [.. node.OfType(type).Select(static record => record.Record)] : [];
}
