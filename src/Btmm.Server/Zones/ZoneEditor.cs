using System.Collections.Immutable;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Zones;

/// <summary>
/// A working copy of a zone. Nothing is seen outside until <see cref="Finish"/> gives the next snapshot, so a transaction is
/// undone by forgetting its editor. Not thread-safe.
/// </summary>
internal sealed class ZoneEditor
{
    private readonly ZoneSnapshot _before;
    private readonly NameMapBuilder _nodes;
    private readonly HashSet<DnsName> _touched = [];
    private ZoneFigures _figures;

    internal ZoneEditor(ZoneSnapshot snapshot)
    {
        _before = snapshot;
        _nodes = new NameMapBuilder(snapshot.Nodes);
        _figures = snapshot.Figures;
    }

    internal DnsName Apex => _before.Apex;

    internal int RecordCount => _figures.Records;

    internal ImmutableArray<ZoneRecord> RecordsAt(DnsName name) => _nodes.Find(name)?.Records ?? [];

    /// <summary>
    /// Adds a record, or replaces the one with equal data. All records of a set share one TTL, the latest (RFC 2181 §5.2).
    /// A set that can only have one member (SOA, CNAME) is replaced.
    /// </summary>
    internal void Add(DnsRecord record, TimeSpan? leaseEnd)
    {
        bool single = record.Type is DnsType.SOA or DnsType.CNAME;
        ImmutableArray<ZoneRecord>.Builder list = ImmutableArray.CreateBuilder<ZoneRecord>();
        foreach (ZoneRecord item in RecordsAt(record.Name))
        {
            if (item.Record.Type != record.Type)
                list.Add(item);
            else if (!single && !item.Record.Data.Equals(record.Data))
                list.Add(item.Record.Ttl == record.Ttl ? item : item with { Record = item.Record with { Ttl = record.Ttl } });
        }

        list.Add(new ZoneRecord(record, leaseEnd));
        Put(record.Name, list.ToImmutable());
    }

    /// <summary>Removes what matches at a name.</summary>
    internal void Remove(DnsName name, Func<ZoneRecord, bool> match)
    {
        ImmutableArray<ZoneRecord> records = RecordsAt(name);
        ImmutableArray<ZoneRecord> rest = records.RemoveAll(record => match(record));
        if (rest.Length != records.Length)
            Put(name, rest);
    }

    /// <summary>
    /// The next snapshot and the net change. When something visible changed and the transaction has not raised the SOA's serial
    /// itself, the serial goes up by one (RFC 2136 §3.6).
    /// </summary>
    internal ZoneSnapshot Finish(out ZoneChange change)
    {
        ZoneDifference difference = Compare();
        if (difference.IsVisible && CurrentSerial() == _before.Serial)
        {
            bool isApexCompared = _touched.Contains(Apex);
            DnsRecord soa = CurrentSoa();
            SoaData data = (SoaData)soa.Data;
            Add(soa with { Data = data with { Serial = new SerialNumber(data.Serial).Next.Value } }, null);
            if (isApexCompared)
                difference = Compare();
            else
                difference.Add(_before.ApexNode.Records, RecordsAt(Apex));
        }

        change = difference.ToChange();
        return change.IsEmpty ? _before : _before.With(_nodes.ToMap(), _figures);
    }

    /// <summary>The working copy with the serial it began with: for a view that is not stored.</summary>
    internal ZoneSnapshot FinishView() => _touched.Count == 0 ? _before : _before.With(_nodes.ToMap(), _figures);

    private uint CurrentSerial() => ((SoaData)CurrentSoa().Data).Serial;

    private DnsRecord CurrentSoa() =>
        _nodes.Find(Apex)?.Find(DnsType.SOA) ?? throw new InvalidOperationException("A zone has a SOA.");

    private ZoneDifference Compare()
    {
        var difference = new ZoneDifference();
        foreach (DnsName name in _touched)
            difference.Add(_before.Find(name)?.Records ?? [], RecordsAt(name));
        return difference;
    }

    private void Put(DnsName name, ImmutableArray<ZoneRecord> records)
    {
        _touched.Add(name);
        ZoneNode? node = _nodes.Find(name);
        var next = new ZoneNode(node?.Name ?? name, records, node?.Children ?? 0);
        _figures += ZoneFigures.Of(next, Apex) - ZoneFigures.Of(node, Apex);
        if (records.IsEmpty && next.Children == 0 && name != Apex)
        {
            if (_nodes.Remove(name))
                CountChild(name.Parent, -1);
            return;
        }

        _nodes.Put(next);
        if (node is null)
            CountChild(name.Parent, +1);
    }

    // Walks up only as far as names appear or disappear: empty non-terminals live exactly as long as something is below them.
    private void CountChild(DnsName name, int delta)
    {
        while (true)
        {
            if (_nodes.Find(name) is not { } node)
            {
                _nodes.Put(new ZoneNode(name, [], delta));
            }
            else if (node.Records.IsEmpty && node.Children + delta == 0 && name != Apex)
            {
                _nodes.Remove(name);
            }
            else
            {
                _nodes.Put(node with { Children = node.Children + delta });
                return;
            }

            name = name.Parent;
        }
    }
}
