using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>What a transaction did to a zone, net: a record deleted and added again in one update is in neither list.</summary>
/// <param name="Removed">Records that are gone, as they were.</param>
/// <param name="Added">Records that are new, or whose TTL changed.</param>
/// <param name="Leased">Records that stayed and whose lease changed.</param>
internal sealed record ZoneChange(IReadOnlyList<ZoneRecord> Removed, IReadOnlyList<ZoneRecord> Added, IReadOnlyList<ZoneRecord> Leased)
{
    internal static ZoneChange None { get; } = new([], [], []);

    /// <summary>The records of <see cref="Added"/> whose TTL changed, as they were.</summary>
    internal IReadOnlyList<ZoneRecord> Replaced { get; init; } = [];

    /// <summary>Whether a client could see a difference; only then does the serial rise (RFC 9664 §5.2).</summary>
    internal bool IsVisible => Removed.Count > 0 || Added.Count > 0;

    /// <summary>Whether there is anything to store.</summary>
    internal bool IsEmpty => !IsVisible && Leased.Count == 0;

    /// <summary>The record sets concerned, each once.</summary>
    internal IEnumerable<(DnsName Name, DnsType Type)> ChangedSets() =>
        Removed.Concat(Added).Select(static item => (item.Record.Name, item.Record.Type)).Distinct();
}
