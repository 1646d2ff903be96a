using System.Collections.Immutable;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Updates;

/// <summary>
/// Processes the sections of an update in the order of RFC 2136 §3: prerequisites, permission, prescan, then the changes on a
/// working copy. The caller has checked the zone section and swaps in the resulting snapshot. Holds no state.
/// </summary>
internal static class UpdateProcessor
{
    private const DnsClass ZoneClass = DnsClass.IN;
    private const DnsType WellKnownServices = (DnsType)11;
    private const int WellKnownServicesKey = 5;

    /// <summary>Processes an update.</summary>
    /// <param name="zone">The zone as it is.</param>
    /// <param name="message">The update.</param>
    /// <param name="mayKnow">Whether the signer may know whether a prerequisite is fulfilled.</param>
    /// <param name="mayChange">Whether the signer may change records of a name.</param>
    /// <param name="quota">How large the zone may grow.</param>
    /// <param name="grant">The lease granted to records added, or null to add them for good.</param>
    /// <param name="now">The service's monotonic clock.</param>
    internal static UpdateResult Process(
        ZoneSnapshot zone, DnsMessage message, Func<DnsRecord, bool> mayKnow, Func<DnsName, bool> mayChange, ZoneQuota quota, LeaseGrant? grant, TimeSpan now)
    {
        DnsRcode rcode = Prerequisites.Check(zone, ZoneClass, message.Prerequisites, mayKnow);
        if (rcode == DnsRcode.NoError)
            rcode = Prescan(zone, message.Updates, mayChange);
        if (rcode != DnsRcode.NoError)
            return UpdateResult.Failed(rcode, zone);

        var editor = new ZoneEditor(zone);
        foreach (DnsRecord record in message.Updates)
        {
            if (!Apply(editor, record, quota, grant is null ? null : now + grant.For(record.Type)))
                return UpdateResult.OverQuota(zone);
        }

        ZoneSnapshot next = editor.Finish(out ZoneChange change);
        return new UpdateResult(DnsRcode.NoError, next, change);
    }

    // §3.3 and §3.4.1: nothing is changed unless every record of the section is well formed, in the zone and permitted.
    private static DnsRcode Prescan(ZoneSnapshot zone, IReadOnlyList<DnsRecord> updates, Func<DnsName, bool> mayChange)
    {
        bool permitted = true;
        foreach (DnsRecord record in updates)
        {
            if (!zone.Contains(record.Name))
                return DnsRcode.NotZone;
            if (!IsWellFormed(record))
                return DnsRcode.FormErr;
            permitted &= mayChange(record.Name);
        }

        return permitted ? DnsRcode.NoError : DnsRcode.Refused;
    }

    private static bool IsWellFormed(DnsRecord record) => record.Class switch
    {
        ZoneClass => !IsMetaType(record.Type) && record.Data is not EmptyData,
        DnsClass.ANY => record.Ttl == 0 && record.Data is EmptyData && (record.Type == DnsType.ANY || !IsMetaType(record.Type)),
        DnsClass.NONE => record.Ttl == 0 && !IsMetaType(record.Type),
        _ => false,
    };

    // RFC 6895 §3.1: types 128 to 255 are for questions and messages, as is OPT.
    private static bool IsMetaType(DnsType type) => type is DnsType.None or DnsType.OPT || (ushort)type is >= 128 and <= 255;

    private static bool Apply(ZoneEditor editor, DnsRecord record, ZoneQuota quota, TimeSpan? leaseEnd)
    {
        switch (record.Class)
        {
            case DnsClass.ANY:
                DeleteSets(editor, record);
                return true;
            case DnsClass.NONE:
                DeleteOne(editor, record);
                return true;
            default:
                return Add(editor, record, quota, leaseEnd);
        }
    }

    // §3.4.2.3: the apex keeps its SOA and NS.
    private static void DeleteSets(ZoneEditor editor, DnsRecord record)
    {
        bool isApex = record.Name == editor.Apex;
        editor.Remove(record.Name, item =>
            (record.Type == DnsType.ANY || item.Record.Type == record.Type)
            && !(isApex && item.Record.Type is DnsType.SOA or DnsType.NS));
    }

    // §3.4.2.4: the SOA stays, and so does the last NS of the apex.
    private static void DeleteOne(ZoneEditor editor, DnsRecord record)
    {
        bool isLastServer = record.Type == DnsType.NS && record.Name == editor.Apex
            && editor.RecordsAt(record.Name).Count(static item => item.Record.Type == DnsType.NS) == 1;
        if (record.Type == DnsType.SOA || isLastServer)
            return;
        editor.Remove(record.Name, item => item.Record.Type == record.Type && HasData(item.Record, record.Data));
    }

    // Data may be empty by nature, as that of NULL records (§2.4.1).
    private static bool HasData(DnsRecord record, DnsData data) =>
        data is EmptyData ? record.Data is UnknownData { Bytes.IsEmpty: true } : record.Data.Equals(data);

    // §3.4.2.2. False when the zone or the name would grow too large.
    private static bool Add(ZoneEditor editor, DnsRecord record, ZoneQuota quota, TimeSpan? leaseEnd)
    {
        ImmutableArray<ZoneRecord> present = editor.RecordsAt(record.Name);
        bool clash = record.Type == DnsType.CNAME
            ? present.Any(static item => item.Record.Type != DnsType.CNAME)
            : present.Any(static item => item.Record.Type == DnsType.CNAME);
        if (clash || (record.Type == DnsType.SOA && !IsNewerSoa(editor, record)))
            return true;
        if (present.Length >= quota.MaxRecordsPerName || editor.RecordCount >= quota.MaxRecords)
            return false;

        if (record is { Type: WellKnownServices, Data: UnknownData services })
            editor.Remove(record.Name, item => item.Record.Data is UnknownData other && item.Record.Type == WellKnownServices && IsSameHostAndProtocol(other, services));
        editor.Add(record, record.Type == DnsType.SOA ? null : leaseEnd);
        return true;
    }

    // Address and protocol make a WKS record what it is; the list of services is replaced (§3.4.2.2, RFC 1035 §3.4.2).
    private static bool IsSameHostAndProtocol(UnknownData left, UnknownData right) =>
        left.Bytes.Length >= WellKnownServicesKey && right.Bytes.Length >= WellKnownServicesKey
        && left.Bytes.Span[..WellKnownServicesKey].SequenceEqual(right.Bytes.Span[..WellKnownServicesKey]);

    private static bool IsNewerSoa(ZoneEditor editor, DnsRecord record)
    {
        if (record.Name != editor.Apex || record.Data is not SoaData { Serial: not 0 } soa)
            return false;
        DnsRecord present = editor.RecordsAt(editor.Apex).First(static item => item.Record.Type == DnsType.SOA).Record;
        return new SerialNumber(soa.Serial).IsLaterThan(new SerialNumber(((SoaData)present.Data).Serial));
    }
}
