using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>
/// Where a zone service keeps its records. The service calls one store from several zones at a time, but never twice at a time
/// for one zone.
/// </summary>
public interface IZoneStore
{
    /// <summary>All records of a zone, the SOA included; empty for a new zone.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    ValueTask<IReadOnlyList<StoredRecord>> LoadAsync(DnsName zone, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a transaction completely or not at all. When it returns, the change outlives a crash as far as this store can
    /// make it so; only then is the change answered and seen (RFC 2136 §3.5).
    /// </summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    ValueTask ApplyAsync(ZoneTransaction transaction, CancellationToken cancellationToken);
}
