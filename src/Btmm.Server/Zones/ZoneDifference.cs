using System.Collections.Immutable;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Zones;

/// <summary>Gathers what changed at the names of a zone. Not thread-safe.</summary>
internal sealed class ZoneDifference
{
    // Up to so many records at a name are searched one by one; a name may have a thousand.
    private const int MaxSearched = 16;

    private readonly List<ZoneRecord> _removed = [];
    private readonly List<ZoneRecord> _added = [];
    private readonly List<ZoneRecord> _leased = [];
    private readonly List<ZoneRecord> _replaced = [];

    /// <summary>Whether a client could see it.</summary>
    internal bool IsVisible => _removed.Count + _added.Count > 0;

    /// <summary>Compares the records at one name.</summary>
    internal void Add(ImmutableArray<ZoneRecord> before, ImmutableArray<ZoneRecord> after)
    {
        Dictionary<(DnsType, DnsData), ZoneRecord>? earlier = Index(before);
        Dictionary<(DnsType, DnsData), ZoneRecord>? later = Index(after);
        foreach (ZoneRecord old in before)
        {
            if (Find(after, later, old) is null)
                _removed.Add(old);
        }

        foreach (ZoneRecord item in after)
        {
            ZoneRecord? old = Find(before, earlier, item);
            if (old is null || old.Record.Ttl != item.Record.Ttl)
                _added.Add(item);
            else if (old.LeaseEnd != item.LeaseEnd)
                _leased.Add(item);
            if (old is not null && old.Record.Ttl != item.Record.Ttl)
                _replaced.Add(old);
        }
    }

    internal ZoneChange ToChange() => _removed.Count + _added.Count + _leased.Count == 0
        ? ZoneChange.None
        : new ZoneChange(_removed, _added, _leased) { Replaced = _replaced };

    private static Dictionary<(DnsType, DnsData), ZoneRecord>? Index(ImmutableArray<ZoneRecord> records) =>
        records.Length > MaxSearched ? records.ToDictionary(static item => (item.Record.Type, item.Record.Data)) : null;

    private static ZoneRecord? Find(ImmutableArray<ZoneRecord> records, Dictionary<(DnsType, DnsData), ZoneRecord>? index, ZoneRecord wanted)
    {
        if (index is not null)
            return index.GetValueOrDefault((wanted.Record.Type, wanted.Record.Data));
        foreach (ZoneRecord item in records)
        {
            if (ReferenceEquals(item, wanted) || (item.Record.Type == wanted.Record.Type && item.Record.Data.Equals(wanted.Record.Data)))
                return item;
        }

        return null;
    }
}
