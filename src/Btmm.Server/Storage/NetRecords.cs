using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Storage;

/// <summary>
/// What a batch leaves of a zone's records: one that several transactions touched, as the SOA always is, is written once, as
/// the last of them left it; null for one that is gone. Not thread-safe.
/// </summary>
internal sealed class NetRecords : Dictionary<(DnsName Name, DnsType Type, DnsData Data), StoredRecord?>
{
    internal void Add(ZoneTransaction transaction)
    {
        foreach (DnsRecord record in transaction.Removed)
            this[(record.Name, record.Type, record.Data)] = null;
        foreach (StoredRecord item in transaction.Put)
            this[(item.Record.Name, item.Record.Type, item.Record.Data)] = item;
    }
}
