using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Core.Dns;

/// <summary>Sends updates of an account's zone to the zone's servers. Thread-safe.</summary>
public sealed class ZoneUpdater : IZoneUpdater
{
    private readonly ZoneLocator _zone;
    private readonly DnsUpdateClient _client;

    /// <summary>Joins the parts.</summary>
    /// <param name="zone">Knows servers and key.</param>
    /// <param name="client">Sends.</param>
    public ZoneUpdater(ZoneLocator zone, DnsUpdateClient client)
    {
        _zone = zone;
        _client = client;
    }

    /// <inheritdoc/>
    public async Task<TimeSpan> UpdateAsync(IReadOnlyList<DnsRecord> updates, TimeSpan? lease, CancellationToken cancellationToken)
    {
        ZoneServers servers = await _zone.GetAsync(cancellationToken).ConfigureAwait(false);
        DnsUpdateBuilder update = new DnsUpdateBuilder(servers.Zone).AddRange(updates);
        try
        {
            DnsUpdateResult result = await _client.UpdateAsync(update, servers.Primary, _zone.Key, lease, cancellationToken).ConfigureAwait(false);
            return result.Lease ?? TimeSpan.Zero;
        }
        catch (BtmmException e)
        {
            _zone.Report(e);
            throw;
        }
    }

    /// <inheritdoc/>
    public void NetworkChanged() => _client.NetworkChanged(); // the servers stay where they are
}
