using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Storage;

/// <summary>A zone's records and its latest changes in memory. Thread-safe.</summary>
internal sealed class MemoryZone
{
    // How many changes the journal keeps.
    private const int JournalLength = 1024;

    private readonly Dictionary<(DnsName Name, DnsType Type, DnsData Data), StoredRecord> _records = [];
    private readonly Queue<ZoneJournalEntry> _journal = [];
    private uint _serial;

    internal IReadOnlyList<StoredRecord> Records
    {
        get
        {
            lock (_records)
                return [.. _records.Values];
        }
    }

    internal void Apply(ZoneTransaction transaction)
    {
        lock (_records)
        {
            foreach (DnsRecord record in transaction.Removed)
                _records.Remove((record.Name, record.Type, record.Data));
            foreach (StoredRecord item in transaction.Put)
                _records[(item.Record.Name, item.Record.Type, item.Record.Data)] = item;
            _serial = transaction.SerialAfter;
            if (!transaction.IsVisible)
                return;
            _journal.Enqueue(transaction.ToJournalEntry());
            if (_journal.Count > JournalLength)
                _journal.Dequeue();
        }
    }

    internal IReadOnlyList<ZoneJournalEntry>? ReadJournal(uint serial)
    {
        lock (_records)
        {
            if (serial == _serial)
                return [];
            ZoneJournalEntry[] entries = [.. _journal];
            int first = Array.FindLastIndex(entries, entry => entry.SerialBefore == serial);
            return first < 0 ? null : entries[first..];
        }
    }
}
