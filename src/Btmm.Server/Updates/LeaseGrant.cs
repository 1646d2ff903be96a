using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Server.Updates;

/// <summary>What an update's lease option was granted (RFC 9664 §4.4). Immutable.</summary>
/// <param name="Lease">For all records but KEY.</param>
/// <param name="KeyLease">For KEY records; null when asked for by the 4-byte form, where it equals the other.</param>
internal sealed record LeaseGrant(TimeSpan Lease, TimeSpan? KeyLease)
{
    internal static LeaseGrant Make(UpdateLeaseOption asked, LeaseBounds lease, LeaseBounds keyLease) =>
        new(lease.Clamp(asked.Lease), asked.KeyLease is { } key ? keyLease.Clamp(key) : null);

    internal TimeSpan For(DnsType type) => type == DnsType.KEY ? KeyLease ?? Lease : Lease;

    /// <summary>The option of the answer: as long as the one asked with.</summary>
    internal UpdateLeaseOption ToOption() => new((uint)Lease.TotalSeconds, KeyLease is { } key ? (uint)key.TotalSeconds : null);
}
