using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>
/// Where a zone service keeps its records. A service loads its zones and then commits from one task: no two calls of
/// <see cref="CommitAsync"/> overlap; the other members are thread-safe. A store that one service has to itself leaves the
/// members about other services as they are.
/// </summary>
public interface IZoneStore
{
    /// <summary>
    /// Whether other services may change the same zones. Then a commit can come too late, and updates that change nothing are
    /// committed too, so that a message that was answered here is not taken for a new one there.
    /// </summary>
    bool IsShared => false;

    /// <summary>
    /// Told, on any thread, when other services have changed something; must not wait. Notices can be late or double, never
    /// missing: after each interruption comes <see cref="StoreNoticeKind.Back"/>.
    /// </summary>
    event Action<StoreNotice>? Noticed
    {
        add { }
        remove { }
    }

    /// <summary>All records of a zone, the SOA included; empty for a new zone.</summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed: the store cannot be read.</exception>
    ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken);

    /// <summary>
    /// Applies transactions of one or more zones in their order, all of them or none. When it returns, they outlive a crash as
    /// far as this store can make it so; only then are they answered and seen (RFC 2136 §3.5).
    /// </summary>
    /// <returns>
    /// False when another service has changed one of the zones since the version that a transaction begins with: nothing was
    /// applied, and <see cref="ReadStepsAsync"/> tells what it was.
    /// </returns>
    /// <exception cref="IOException">Nothing was changed as far as the store can tell; a later call may succeed.</exception>
    ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps other services from changing zones until the result is disposed, so that a service whose commits came too late
    /// again and again gets on. Null when nobody else changes them.
    /// </summary>
    /// <exception cref="IOException">The store cannot be reached, or others keep the zones for too long.</exception>
    ValueTask<IAsyncDisposable?> ReserveAsync(IReadOnlyCollection<DnsName> zones, CancellationToken cancellationToken) => new(result: null);

    /// <summary>
    /// Every step of a zone since a version, oldest first; null when they are not all there any more, so that the zone has to
    /// be loaded again.
    /// </summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed: the store cannot be read.</exception>
    ValueTask<IReadOnlyList<ZoneTransaction>?> ReadStepsAsync(DnsName zone, long version, CancellationToken cancellationToken) => new([]);

    /// <summary>
    /// The changes that lead from a serial to the one that the store holds now, oldest first; empty when it is that one; null
    /// when the journal does not reach back that far or never knew the serial, so that only the whole zone will do
    /// (RFC 1995 §4). Lease renewals are no changes.
    /// </summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed: the store cannot be read.</exception>
    ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken);
}
