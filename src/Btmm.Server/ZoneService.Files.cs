using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Zone;
using Btmm.Server.Updates;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>Zone files in and out.</content>
public sealed partial class ZoneService
{
    /// <summary>
    /// Puts the records of a zone file in place of a zone's own, in one change. What hosts find this service by stays as it is,
    /// and so do records with a lease; a serial that is not later than the zone's is replaced by the next one.
    /// </summary>
    /// <param name="apex">The zone.</param>
    /// <param name="file">The file; read to its end, not closed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BtmmException">NameNotFound: no such zone; InvalidValue: the file is wrong, nothing was changed; StoreFailed.</exception>
    public async Task<ZoneImport> ImportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        Zone zone = FindZone(apex);
        List<DnsRecord> records = await ZoneFile.ReadAsync(file, apex, new ZoneFileLimits(), cancellationToken).ConfigureAwait(false);
        var replacement = new ZoneReplacement(records, zone.Discovery);
        UpdateResult result;
        try
        {
            result = await zone.ApplyAsync((snapshot, _) => replacement.Run(snapshot), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new BtmmException(BtmmErrorReason.StoreFailed, $"The store cannot be written: {error.Message}", "Check that its disk has room and works.", error);
        }

        if (result.Rcode != DnsRcode.NoError)
        {
            throw new BtmmException(
                BtmmErrorReason.InvalidValue, replacement.Problem ?? $"The zone {apex} takes no changes ({result.Rcode}).", "Correct the file; nothing was changed.");
        }

        return new ZoneImport(apex, Count(result.Change.Added), Count(result.Change.Removed), result.Snapshot.Serial);
    }

    /// <summary>Writes a zone as a zone file, all of it as it was at one moment.</summary>
    /// <param name="apex">The zone.</param>
    /// <param name="file">Where to; not closed.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="BtmmException">NameNotFound: no such zone.</exception>
    public Task ExportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ZoneFile.WriteAsync(FindZone(apex).Live, file, cancellationToken);
    }

    // Without the SOA, which changes with each serial.
    private static int Count(IEnumerable<ZoneRecord> records) => records.Count(static item => item.Record.Type != DnsType.SOA);

    private Zone FindZone(DnsName apex)
    {
        ArgumentNullException.ThrowIfNull(apex);
        return _zones.FindApex(apex)
            ?? throw new BtmmException(BtmmErrorReason.NameNotFound, $"This service has no zone {apex}.", "Create the zone first.");
    }
}
