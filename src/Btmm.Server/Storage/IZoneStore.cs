using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>
/// Where a zone service keeps its records. A service loads its zones once and then commits from one task: no two calls of
/// <see cref="CommitAsync"/> overlap.
/// </summary>
public interface IZoneStore
{
    /// <summary>All records of a zone, the SOA included; empty for a new zone.</summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed: the store cannot be read.</exception>
    ValueTask<IReadOnlyList<StoredRecord>> LoadAsync(DnsName zone, CancellationToken cancellationToken);

    /// <summary>
    /// Applies transactions of one or more zones in their order, all of them or none. When it returns, they outlive a crash as
    /// far as this store can make it so; only then are they answered and seen (RFC 2136 §3.5).
    /// </summary>
    /// <exception cref="IOException">Nothing was changed as far as the store can tell; a later call may succeed.</exception>
    ValueTask CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken);

    /// <summary>
    /// The changes that lead from a serial to the one that the store holds now, oldest first; empty when it is that one; null
    /// when the journal does not reach back that far or never knew the serial, so that only the whole zone will do
    /// (RFC 1995 §4). Lease renewals are no changes.
    /// </summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed: the store cannot be read.</exception>
    ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken);
}
