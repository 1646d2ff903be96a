using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>One step of a zone from a serial to the next, which is stored completely or not at all. Immutable.</summary>
/// <param name="Zone">The zone's name.</param>
/// <param name="SerialBefore">The SOA's serial before.</param>
/// <param name="SerialAfter">The SOA's serial after; the same when only leases changed.</param>
/// <param name="Removed">Records that are gone, by name, type and data.</param>
/// <param name="Replaced">Records whose TTL changed, as they were; as they are now they are among <paramref name="Added"/>.</param>
/// <param name="Added">Records that are new or whose TTL changed, the SOA among them.</param>
/// <param name="Leased">Records of which only the lease changed.</param>
public sealed record ZoneTransaction(
    DnsName Zone,
    uint SerialBefore,
    uint SerialAfter,
    IReadOnlyList<DnsRecord> Removed,
    IReadOnlyList<DnsRecord> Replaced,
    IReadOnlyList<StoredRecord> Added,
    IReadOnlyList<StoredRecord> Leased)
{
    /// <summary>The zone's version before, in a store that several services share; each step adds one.</summary>
    public long Version { get; init; }

    /// <summary>The updates that this step answers, for a store that several services share.</summary>
    public IReadOnlyList<SignedUpdate> Updates { get; init; } = [];

    /// <summary>Every record to write.</summary>
    internal IEnumerable<StoredRecord> Put => Added.Concat(Leased);

    /// <summary>Whether the zone's content changed, and not only leases.</summary>
    internal bool IsVisible => Removed.Count > 0 || Added.Count > 0;

    /// <summary>The step as a journal keeps it.</summary>
    internal ZoneJournalEntry ToJournalEntry() =>
        new(SerialBefore, SerialAfter, [.. Removed, .. Replaced], [.. Added.Select(static item => item.Record)]);
}
