using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Server.Push;

/// <summary>Makes the change notifications that some subscriptions of one connection need, in the shortest form (RFC 8765 §6.3.1). Holds no state.</summary>
internal static class PushChanges
{
    /// <summary>Brings subscriptions to what the zones say now; each change is named once, whatever number of them it concerns.</summary>
    internal static List<PushChange> Take(List<PushWatch> dirty)
    {
        var changes = new List<PushChange>();
        if (dirty.Count == 1)
        {
            Add(changes, dirty[0].Node, dirty);
            return changes;
        }

        foreach (IGrouping<PushNode, PushWatch> atName in dirty.GroupBy(static watch => watch.Node))
            Add(changes, atName.Key, [.. atName]);
        return changes;
    }

    private static void Add(List<PushChange> changes, PushNode node, List<PushWatch> watches)
    {
        Zones.ZoneNode? now = node.Zone.Live.Find(node.Name);
        var removed = new HashSet<DnsRecord>();
        var added = new HashSet<DnsRecord>();
        NodeDiff? diff = null;
        foreach (PushWatch watch in watches)
        {
            diff = node.Compare(watch.Told, now);
            watch.Told = now;
            removed.UnionWith(diff.Removed.Where(record => watch.Concerns(record.Type)));
            added.UnionWith(diff.Added.Where(record => watch.Concerns(record.Type)));
        }

        if (diff is not null && removed.Count > 0)
            AddRemovals(changes, node, diff, removed);
        changes.AddRange(added.Select(PushChange.Add));
    }

    private static void AddRemovals(List<PushChange> changes, PushNode node, NodeDiff diff, HashSet<DnsRecord> removed)
    {
        IGrouping<DnsType, DnsRecord>[] sets = [.. removed.GroupBy(static record => record.Type)];
        if (diff.IsEmptied && sets.Length > 1)
        {
            changes.Add(PushChange.RemoveClass(node.Name, DnsClass.IN));
            return;
        }

        foreach (IGrouping<DnsType, DnsRecord> set in sets)
        {
            if (diff.StillHas(set.Key))
                changes.AddRange(set.Select(PushChange.Remove));
            else
                changes.Add(PushChange.RemoveSet(node.Name, set.Key, DnsClass.IN));
        }
    }
}
