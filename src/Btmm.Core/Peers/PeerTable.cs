using System.Net;

namespace Btmm.Core.Peers;

/// <summary>
/// The hosts of the account other than this one, as last known. Readers get immutable snapshots; what the zone said stays
/// when the zone service falls silent. Thread-safe.
/// </summary>
public sealed class PeerTable
{
    private readonly Lock _gate = new();
    private readonly string _ownName;
    private readonly IPAddress _ownIdentifier;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<BtmmPeer> _current = [];

    /// <summary>Makes an empty table.</summary>
    /// <param name="ownName">This host's name, which is skipped.</param>
    /// <param name="ownIdentifier">This host's identifier; whoever else claims it is skipped.</param>
    /// <param name="time">The clock.</param>
    public PeerTable(string ownName, IPAddress ownIdentifier, TimeProvider time)
    {
        _ownName = ownName;
        _ownIdentifier = ownIdentifier;
        _time = time;
    }

    /// <summary>A snapshot, ordered by name.</summary>
    public IReadOnlyList<BtmmPeer> Current => _current;

    /// <summary>The peer with this name or host label (case does not matter), or null.</summary>
    public BtmmPeer? Find(string name) => _current.FirstOrDefault(peer =>
        peer.Name.Equals(name.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)
        || peer.HostLabel.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The peer with this identifier, or null.</summary>
    public BtmmPeer? Find(IPAddress identifier) => _current.FirstOrDefault(peer => peer.Identifier.Equals(identifier));

    /// <summary>Fills the table from a former run's cache; what the zone service says later replaces it.</summary>
    public void Restore(IEnumerable<BtmmPeer> peers)
    {
        lock (_gate)
        {
            var merged = _current.ToDictionary(peer => peer.Name);
            foreach (BtmmPeer peer in peers.Where(peer => !IsOurselves(peer.Name, peer.Identifier))) merged.TryAdd(peer.Name, peer with { FromCache = true });
            _current = Order(merged.Values);
        }
    }

    /// <summary>Takes over what the zone says about all hosts now; returns what is different from before.</summary>
    /// <param name="records">One for each host whose records are complete.</param>
    public IReadOnlyList<PeerChange> Update(IEnumerable<PeerRecord> records)
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            var before = _current.ToDictionary(peer => peer.Name);
            var candidates = new List<BtmmPeer>();
            foreach (PeerRecord record in records.Where(record => !IsOurselves(record.Name, record.Identifier)).DistinctBy(r => r.Name))
            {
                before.TryGetValue(record.Name, out BtmmPeer? former);
                candidates.Add(Merge(record, former, now));
            }

            IReadOnlyList<BtmmPeer> after = Order(ResolveDuplicates(candidates));
            List<PeerChange> changes = Compare(before, after);
            _current = after;
            return changes;
        }
    }

    private bool IsOurselves(string name, IPAddress identifier) =>
        name.Equals(_ownName, StringComparison.OrdinalIgnoreCase) || identifier.Equals(_ownIdentifier);

    private static BtmmPeer Merge(PeerRecord record, BtmmPeer? former, DateTimeOffset now)
    {
        var merged = new BtmmPeer
        {
            Name = record.Name,
            Identifier = record.Identifier,
            Endpoint = record.Endpoint,
            Device = record.Device,
            LastChange = now,
        };
        return former is not null && SaysTheSame(former, merged) ? merged with { LastChange = former.LastChange } : merged;
    }

    /// <summary>
    /// Two names with one identifier are one machine under an old and a new name: the one that can be reached counts, then the
    /// one that changed last.
    /// </summary>
    private static IEnumerable<BtmmPeer> ResolveDuplicates(IEnumerable<BtmmPeer> peers) => peers
        .GroupBy(peer => peer.Identifier)
        .Select(group => group
            .OrderByDescending(peer => peer.Endpoint is not null)
            .ThenByDescending(peer => peer.LastChange)
            .ThenBy(peer => peer.Name, StringComparer.Ordinal)
            .First());

    private static List<PeerChange> Compare(Dictionary<string, BtmmPeer> before, IReadOnlyList<BtmmPeer> after)
    {
        var changes = new List<PeerChange>();
        foreach (BtmmPeer peer in after)
        {
            if (!before.Remove(peer.Name, out BtmmPeer? former)) changes.Add(new PeerChange(PeerChangeKind.Added, peer));
            else if (!SaysTheSame(former, peer)) changes.Add(new PeerChange(PeerChangeKind.Changed, peer, former));
        }

        changes.AddRange(before.Values.Select(peer => new PeerChange(PeerChangeKind.Removed, peer)));
        return changes;
    }

    private static BtmmPeer[] Order(IEnumerable<BtmmPeer> peers) => [.. peers.OrderBy(peer => peer.Name, StringComparer.Ordinal)];

    private static bool SaysTheSame(BtmmPeer left, BtmmPeer right) =>
        left.Identifier.Equals(right.Identifier)
        && Equals(left.Endpoint, right.Endpoint)
        && left.Device.Attributes.SequenceEqual(right.Device.Attributes);
}
