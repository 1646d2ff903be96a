using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;

namespace Btmm.Server.Zones;

/// <summary>Brings a zone to where other services have taken it, on a working copy. Belongs to one writer.</summary>
/// <param name="zone">The zone as this service has it.</param>
/// <param name="now">The service's monotonic clock.</param>
/// <param name="wall">The wall clock at the same moment.</param>
internal sealed class ZoneFollower(ZoneSnapshot zone, TimeSpan now, DateTimeOffset wall)
{
    private readonly List<ZoneChange> _changes = [];

    /// <summary>The zone so far.</summary>
    internal ZoneSnapshot Snapshot { get; private set; } = zone;

    /// <summary>What led there.</summary>
    internal IReadOnlyList<ZoneChange> Changes => _changes;

    /// <summary>Takes a step.</summary>
    internal void Apply(ZoneTransaction step)
    {
        var editor = new ZoneEditor(Snapshot);
        foreach (DnsRecord record in step.Removed)
            editor.Remove(record.Name, item => item.Record.Type == record.Type && item.Record.Data.Equals(record.Data));
        foreach (StoredRecord item in step.Put)
            editor.Add(item.Record, LeaseEnd(item));
        Finish(editor);
    }

    /// <summary>Takes the whole zone; what is the same stays.</summary>
    internal void Replace(IReadOnlyList<StoredRecord> records)
    {
        HashSet<(DnsName, DnsType, DnsData)> kept = [.. records.Select(static item => (item.Record.Name, item.Record.Type, item.Record.Data))];
        var editor = new ZoneEditor(Snapshot);
        foreach (ZoneNode node in Snapshot.Nodes)
            editor.Remove(node.Name, item => !kept.Contains((item.Record.Name, item.Record.Type, item.Record.Data)));
        foreach (StoredRecord item in records)
            editor.Add(item.Record, LeaseEnd(item));
        Finish(editor);
    }

    private TimeSpan? LeaseEnd(StoredRecord item) => item.LeaseEnd is { } end ? now + (end - wall) : null;

    private void Finish(ZoneEditor editor)
    {
        Snapshot = editor.Finish(out ZoneChange change);
        if (!change.IsEmpty)
            _changes.Add(change);
    }
}
