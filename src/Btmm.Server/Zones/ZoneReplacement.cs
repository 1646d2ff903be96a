using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Queries;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>
/// The transaction that puts the records of a zone file in place of a zone's own. The records by which hosts find this service
/// stay, and this service stays the zone's primary; records with a lease are their hosts' and stay until it ends. A serial that
/// is not later than the present one becomes the next one. Runs once.
/// </summary>
internal sealed class ZoneReplacement(IReadOnlyList<DnsRecord> records, DiscoveryNames names)
{
    /// <summary>Why the transaction failed.</summary>
    internal string? Problem { get; private set; }

    internal UpdateResult Run(ZoneSnapshot zone)
    {
        Problem = ZoneCheck.FindProblem(zone.Apex, records);
        if (Problem is not null)
            return UpdateResult.Failed(DnsRcode.Refused, zone);
        var editor = new ZoneEditor(zone);
        foreach (ZoneNode node in zone.Nodes)
            editor.Remove(node.Name, IsReplaced);
        foreach (DnsRecord record in records)
            Add(editor, zone, record);
        ZoneSnapshot next = editor.Finish(out ZoneChange change);
        Problem = ZoneCheck.FindProblem(next);
        return Problem is null ? new UpdateResult(DnsRcode.NoError, next, change) : UpdateResult.Failed(DnsRcode.Refused, zone);
    }

    private bool IsReplaced(ZoneRecord item) => item.LeaseEnd is null && item.Record.Type != DnsType.SOA && !IsOwn(item.Record);

    private bool IsOwn(DnsRecord record) =>
        names.Contains(record.Name) || (record.Name == names.Apex && record.Data is NsData ns && ns.NameServer == names.Server);

    private void Add(ZoneEditor editor, ZoneSnapshot zone, DnsRecord record)
    {
        if (IsOwn(record))
            return;
        if (record.Data is SoaData soa)
        {
            bool isLater = new SerialNumber(soa.Serial).IsLaterThan(new SerialNumber(zone.Serial));
            editor.Add(record with { Data = soa with { PrimaryServer = names.Server, Serial = isLater ? soa.Serial : zone.Serial } }, null);
            return;
        }

        TimeSpan? lease = null;
        foreach (ZoneRecord item in editor.RecordsAt(record.Name))
        {
            if (item.LeaseEnd is { } end && item.Record.Type == record.Type && item.Record.Data.Equals(record.Data))
                lease = end;
        }

        editor.Add(record, lease);
    }
}
