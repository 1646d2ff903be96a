using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <summary>
/// The subscriptions by name, how many each client and key has, and the names that have changed. To learn that nobody watches a
/// name takes one look. Thread-safe.
/// </summary>
internal sealed class PushIndex(ZoneServiceLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DnsName, PushNode> _nodes = new(DnsNameComparer.Instance);
    private readonly Dictionary<(ulong, ulong), int> _perSource = [];
    private readonly Dictionary<DnsName, int> _perKey = new(DnsNameComparer.Instance);
    private readonly Queue<PushNode> _dirty = new();
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Adds a subscription; null when that would be more than is allowed.</summary>
    internal PushWatch? Add(PushConnection connection, ushort id, DnsQuestion question, Zone zone, TsigKey? key)
    {
        (ulong, ulong) source = SourceOf(connection);
        lock (_gate)
        {
            bool isFull = _count >= limits.MaxPushSubscriptions
                || _perSource.GetValueOrDefault(source) >= limits.MaxPushSubscriptionsPerClient
                || (key is not null && _perKey.GetValueOrDefault(key.Name) >= limits.MaxPushSubscriptionsPerKey);
            if (isFull)
                return null;
            if (!_nodes.TryGetValue(question.Name, out PushNode? node))
                _nodes.Add(question.Name, node = new PushNode(question.Name, zone));
            var watch = new PushWatch(connection, id, node, question.Type, key);
            node.Watches.Add(watch);
            Change(watch, source, +1);
            return watch;
        }
    }

    internal void Remove(PushWatch watch)
    {
        lock (_gate)
        {
            if (!watch.Node.Watches.Remove(watch))
                return;
            if (watch.Node.Watches.Count == 0)
                _nodes.Remove(watch.Node.Name);
            Change(watch, SourceOf(watch.Connection), -1);
        }
    }

    /// <summary>Marks what a change concerns; true when somebody watches it. Takes no longer for many subscriptions than for few.</summary>
    internal bool Mark(ZoneChange change)
    {
        if (Count == 0)
            return false;
        lock (_gate)
        {
            int before = _dirty.Count;
            foreach (ZoneRecord item in change.Removed)
                Mark(item.Record.Name, item.Record.Type);
            foreach (ZoneRecord item in change.Added)
                Mark(item.Record.Name, item.Record.Type);
            return _dirty.Count > before;
        }
    }

    /// <summary>The subscriptions concerned by all changes marked so far.</summary>
    internal List<PushWatch> TakeMarked()
    {
        var concerned = new List<PushWatch>();
        lock (_gate)
        {
            while (_dirty.TryDequeue(out PushNode? node))
            {
                foreach (PushWatch watch in node.Watches)
                {
                    if (node.Dirty.Any(watch.Concerns))
                        concerned.Add(watch);
                }

                node.Dirty.Clear();
            }
        }

        return concerned;
    }

    /// <summary>All subscriptions at this moment.</summary>
    internal List<PushWatch> All()
    {
        lock (_gate)
            return [.. _nodes.Values.SelectMany(static node => node.Watches)];
    }

    /// <summary>The zones have changed: the name lies in this one now.</summary>
    internal void Move(PushNode node, Zone zone)
    {
        lock (_gate)
            node.Zone = zone;
    }

    private void Mark(DnsName name, DnsType type)
    {
        if (!_nodes.TryGetValue(name, out PushNode? node))
            return;
        if (node.Dirty.Count == 0)
            _dirty.Enqueue(node);
        node.Dirty.Add(type);
    }

    private void Change(PushWatch watch, (ulong, ulong) source, int by)
    {
        _count += by;
        Change(_perSource, source, by);
        if (watch.Key is not null)
            Change(_perKey, watch.Key.Name, by);
    }

    private static void Change<T>(Dictionary<T, int> counts, T key, int by)
        where T : notnull
    {
        int count = counts.GetValueOrDefault(key) + by;
        if (count == 0)
            counts.Remove(key);
        else
            counts[key] = count;
    }

    private static (ulong, ulong) SourceOf(PushConnection connection) => new LlqClient(connection.Peer.Origin.Address, 0).Source;
}
