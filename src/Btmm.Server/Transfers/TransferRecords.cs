using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;
using Btmm.Server.Zones;

namespace Btmm.Server.Transfers;

/// <summary>The records of a transfer in their order. Holds no state.</summary>
internal static class TransferRecords
{
    /// <summary>A whole zone: SOA, all others, SOA (RFC 5936 §2.2).</summary>
    internal static IEnumerable<DnsRecord> Whole(ZoneSnapshot zone)
    {
        yield return zone.Soa;
        foreach (ZoneNode node in zone.Nodes)
        {
            foreach (ZoneRecord item in node.Records)
            {
                if (item.Record.Type != DnsType.SOA)
                    yield return item.Record;
            }
        }

        yield return zone.Soa;
    }

    /// <summary>Steps: the present SOA, for each step the old SOA, what is gone, the new SOA, what is new, and the present SOA again (RFC 1995 §4).</summary>
    internal static IEnumerable<DnsRecord> Changes(DnsRecord soa, IReadOnlyList<ZoneJournalEntry> steps)
    {
        yield return soa;
        foreach (ZoneJournalEntry step in steps)
        {
            foreach (DnsRecord record in SoaFirst(step.Removed).Concat(SoaFirst(step.Added)))
                yield return record;
        }

        yield return soa;
    }

    /// <summary>
    /// The steps up to a snapshot as they are to be sent: one by one, or all in one when that is shorter than the zone and they are
    /// not (RFC 1995 §6). Null when sending the whole zone is no more (RFC 1995 §5), or the steps do not lead to it.
    /// </summary>
    internal static IReadOnlyList<ZoneJournalEntry>? Choose(IReadOnlyList<ZoneJournalEntry> journal, ZoneSnapshot zone)
    {
        int count = 0;
        int records = 0;
        bool isThere = false;
        while (!isThere && count < journal.Count)
        {
            ZoneJournalEntry step = journal[count++];
            records += step.Removed.Count + step.Added.Count;
            isThere = step.SerialAfter == zone.Serial;
        }

        if (!isThere)
            return null;
        ZoneJournalEntry[] steps = [.. journal.Take(count)];
        if (!steps.All(IsStep))
            return null;
        if (records <= zone.RecordCount)
            return steps;
        ZoneJournalEntry one = Condense(steps);
        return one.Removed.Count + one.Added.Count <= zone.RecordCount ? [one] : null;
    }

    /// <summary>Several steps as one: what was added and removed again between is in neither list.</summary>
    internal static ZoneJournalEntry Condense(IReadOnlyList<ZoneJournalEntry> steps)
    {
        Dictionary<DnsRecord, DnsRecord> removed = [];
        Dictionary<DnsRecord, DnsRecord> added = [];
        foreach (ZoneJournalEntry step in steps)
        {
            foreach (DnsRecord record in step.Removed)
            {
                if (!added.Remove(record))
                    removed[record] = record;
            }

            foreach (DnsRecord record in step.Added)
            {
                if (!removed.Remove(record))
                    added[record] = record;
            }
        }

        return new ZoneJournalEntry(steps[0].SerialBefore, steps[^1].SerialAfter, [.. removed.Values], [.. added.Values]);
    }

    private static bool IsStep(ZoneJournalEntry step) => step.Removed.Any(IsSoa) && step.Added.Any(IsSoa);

    private static bool IsSoa(DnsRecord record) => record.Data is SoaData;

    private static IEnumerable<DnsRecord> SoaFirst(IReadOnlyList<DnsRecord> records) =>
        records.Where(IsSoa).Concat(records.Where(static record => !IsSoa(record)));
}
