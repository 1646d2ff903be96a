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
    private DnsRecord? _negativeSoa;

    private ZoneSnapshot(DnsName apex, NameMap nodes, ZoneFigures figures)
    {
        Apex = apex;
        Nodes = nodes;
        Figures = figures;
        ApexNode = nodes.Find(apex) ?? throw new ArgumentException("A zone has its apex.", nameof(nodes));
        Soa = ApexNode.Find(DnsType.SOA) ?? throw new ArgumentException("A zone has a SOA.", nameof(nodes));
    }

    /// <summary>The zone's name.</summary>
    internal DnsName Apex { get; }

    /// <summary>The SOA record.</summary>
    internal DnsRecord Soa { get; }

    /// <summary>The SOA's serial.</summary>
    internal uint Serial => ((SoaData)Soa.Data).Serial;

    /// <summary>The SOA as it stands in negative answers: its TTL is at most the zone's negative TTL (RFC 2308 §3).</summary>
    internal DnsRecord NegativeSoa => _negativeSoa ??= Soa with { Ttl = Math.Min(Soa.Ttl, ((SoaData)Soa.Data).Minimum) };

    /// <summary>The apex.</summary>
    internal ZoneNode ApexNode { get; }

    /// <summary>Records in the zone, the SOA included.</summary>
    internal int RecordCount => Figures.Records;

    /// <summary>What there is in the zone, counted.</summary>
    internal ZoneFigures Figures { get; }

    /// <summary>Every existing name, in no order.</summary>
    internal NameMap Nodes { get; }

    /// <summary>A new zone with only its SOA.</summary>
    internal static ZoneSnapshot Create(DnsRecord soa) => Create(soa, []);

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

        var nodes = new NameMapBuilder(NameMap.Empty);
        ZoneFigures figures = default;
        foreach ((DnsName name, ImmutableArray<ZoneRecord>.Builder list) in records)
        {
            var node = new ZoneNode(name, list.DrainToImmutable(), children.GetValueOrDefault(name));
            nodes.Put(node);
            figures += ZoneFigures.Of(node, soa.Name);
        }

        foreach ((DnsName name, int count) in children)
        {
            if (!records.ContainsKey(name))
                nodes.Put(new ZoneNode(name, [], count));
        }

        return new ZoneSnapshot(soa.Name, nodes.ToMap(), figures);
    }

    internal ZoneSnapshot With(NameMap nodes, ZoneFigures figures) => new(Apex, nodes, figures);

    internal bool Contains(DnsName name) => name.IsSubdomainOf(Apex);

    internal ZoneNode? Find(DnsName name) => Nodes.Find(name);

    /// <summary>The node of a name in uncompressed wire form.</summary>
    internal ZoneNode? Find(ReadOnlySpan<byte> name) => Nodes.Find(name);

    /// <summary>The records of one type at one name; none when the name does not exist.</summary>
    internal IReadOnlyList<DnsRecord> FindSet(DnsName name, DnsType type) =>
        Find(name) is { } node ? [.. node.OfType(type).Select(static record => record.Record)] : [];
}
