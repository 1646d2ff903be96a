using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>
/// Where a service keeps which zones it serves and which keys it knows. A store that is one can take zones and keys while the
/// service runs. Each change is durable when its call returns. Thread-safe.
/// </summary>
public interface IZoneCatalog
{
    /// <summary>All zones.</summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed.</exception>
    ValueTask<IReadOnlyList<StoredZone>> LoadZonesAsync(CancellationToken cancellationToken);

    /// <summary>All keys.</summary>
    /// <exception cref="Core.Diagnostics.BtmmException">StoreInvalid or StoreFailed.</exception>
    ValueTask<IReadOnlyList<StoredKey>> LoadKeysAsync(CancellationToken cancellationToken);

    /// <summary>Adds a zone, or replaces its settings; its records stay as they are.</summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    ValueTask PutZoneAsync(StoredZone zone, CancellationToken cancellationToken);

    /// <summary>Removes a zone with its records and its journal; nothing happens when there is none of that name.</summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    ValueTask RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken);

    /// <summary>Adds a key, or replaces it.</summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    ValueTask PutKeyAsync(StoredKey key, CancellationToken cancellationToken);

    /// <summary>Removes a key; nothing happens when there is none of that name.</summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    ValueTask RemoveKeyAsync(DnsName name, CancellationToken cancellationToken);
}
