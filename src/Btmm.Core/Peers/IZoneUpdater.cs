using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Peers;

/// <summary>Sends one update of the account's zone to its zone service. Thread-safe.</summary>
public interface IZoneUpdater
{
    /// <summary>Sends an update, signed with the account's key.</summary>
    /// <param name="updates">The update section, encoded as RFC 2136 §2.5 wants.</param>
    /// <param name="lease">The lease asked for; null asks for none (deletions).</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The lease granted; what was asked for when the service knows no leases.</returns>
    /// <exception cref="BtmmException">The service does not answer or refuses.</exception>
    Task<TimeSpan> UpdateAsync(IReadOnlyList<DnsRecord> updates, TimeSpan? lease, CancellationToken cancellationToken);

    /// <summary>The host's network changed: forget where the service was and what is known of it.</summary>
    void NetworkChanged();
}
