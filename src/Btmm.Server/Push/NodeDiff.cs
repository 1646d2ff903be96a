using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <summary>What is different between two states of a name. Immutable.</summary>
/// <param name="Before">The one state; null when the name did not exist.</param>
/// <param name="After">The other.</param>
/// <param name="Removed">Records that are only in the one.</param>
/// <param name="Added">Records that are only in the other, or have another TTL there.</param>
internal sealed record NodeDiff(ZoneNode? Before, ZoneNode? After, IReadOnlyList<DnsRecord> Removed, IReadOnlyList<DnsRecord> Added)
{
    internal static NodeDiff None { get; } = new(null, null, [], []);

    /// <summary>Whether the name has no records at all in the end.</summary>
    internal bool IsEmptied => After is null || After.Records.IsEmpty;

    internal static NodeDiff Of(ZoneNode? before, ZoneNode? after)
    {
        if (ReferenceEquals(before, after))
            return None with { Before = before, After = after };
        Dictionary<(DnsType, Protocol.Dns.Data.DnsData), DnsRecord> old = RecordsOf(before).ToDictionary(static record => (record.Type, record.Data));
        var added = new List<DnsRecord>();
        foreach (DnsRecord record in RecordsOf(after))
        {
            if (!old.Remove((record.Type, record.Data), out DnsRecord? known) || known.Ttl != record.Ttl)
                added.Add(record);
        }

        return new NodeDiff(before, after, [.. old.Values], added);
    }

    /// <summary>Whether the name still has records of a type in the end.</summary>
    internal bool StillHas(DnsType type) => After is not null && After.Has(type);

    private static IEnumerable<DnsRecord> RecordsOf(ZoneNode? node) => node is null ? [] : node.Records.Select(static item => item.Record);
}
