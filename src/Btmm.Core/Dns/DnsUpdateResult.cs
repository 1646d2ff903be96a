using System.Net;

namespace Btmm.Core.Dns;

/// <summary>What a server made of an update. Immutable.</summary>
/// <param name="Server">Who did it.</param>
/// <param name="Lease">The lease granted; what was asked for when the server knows no leases; null when none was asked for.</param>
/// <param name="KeyLease">The lease of KEY records, likewise.</param>
/// <param name="IsLeaseHonoured">
/// Whether the server answered with a lease of its own. Without, the records stay until somebody deletes them; keep refreshing
/// all the same (RFC 9664 §4.3).
/// </param>
public sealed record DnsUpdateResult(IPEndPoint Server, TimeSpan? Lease, TimeSpan? KeyLease, bool IsLeaseHonoured);
