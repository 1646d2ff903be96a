using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>
/// What an operator can do with a running zone service, in its process or over its control socket. A change is durable, as far
/// as the service's store is, and in force when its call returns. Thread-safe.
/// </summary>
public interface IZoneAdministration
{
    /// <summary>The service at this moment.</summary>
    Task<ZoneServerInfo> GetServerAsync(CancellationToken cancellationToken = default);

    /// <summary>All zones.</summary>
    Task<IReadOnlyList<ZoneInfo>> GetZonesAsync(CancellationToken cancellationToken = default);

    /// <summary>Adds a zone, or changes the settings of one in the catalog.</summary>
    /// <param name="settings">The zone.</param>
    /// <param name="replace">Whether one that is there is changed; else that is an error.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="BtmmException">AlreadyExists, InvalidValue, StoreFailed.</exception>
    Task<ZoneInfo> PutZoneAsync(ZoneSettings settings, bool replace, CancellationToken cancellationToken = default);

    /// <summary>Removes a zone of the catalog with its records, and the keys' grants in it.</summary>
    /// <param name="apex">The zone's name.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="BtmmException">NameNotFound; InvalidValue: it is an account's; StoreFailed.</exception>
    Task RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken = default);

    /// <summary>All keys, without their secrets.</summary>
    Task<IReadOnlyList<KeyInfo>> GetKeysAsync(CancellationToken cancellationToken = default);

    /// <summary>Adds a key, or changes one of the catalog.</summary>
    /// <param name="settings">The key; the service makes its own copy.</param>
    /// <param name="replace">Whether one that is there is changed; else that is an error.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="BtmmException">AlreadyExists; NameNotFound: a grant's zone; InvalidValue; KeyFileInvalid; StoreFailed.</exception>
    Task<KeyInfo> PutKeyAsync(KeySettings settings, bool replace, CancellationToken cancellationToken = default);

    /// <summary>Removes a key of the catalog.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="BtmmException">NameNotFound; InvalidValue: it is an account's; StoreFailed.</exception>
    Task RemoveKeyAsync(DnsName name, CancellationToken cancellationToken = default);

    /// <summary>Writes a zone as a zone file, as it was at one moment.</summary>
    /// <param name="apex">The zone's name.</param>
    /// <param name="file">Where to; not closed.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="BtmmException">NameNotFound.</exception>
    Task ExportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default);

    /// <summary>Puts the records of a zone file in place of a zone's own, those with a lease and the service's left alone.</summary>
    /// <param name="apex">The zone's name.</param>
    /// <param name="file">The file; read to its end, not closed.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="BtmmException">NameNotFound; InvalidValue: the file is wrong, nothing was changed; StoreFailed.</exception>
    Task<ZoneImport> ImportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default);
}
