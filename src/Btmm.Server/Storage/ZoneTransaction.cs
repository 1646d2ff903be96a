using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>A change of a zone that is applied completely or not at all.</summary>
/// <param name="Zone">The zone's name.</param>
/// <param name="Removed">Records to remove, by name, type and data.</param>
/// <param name="Put">Records to add, or whose TTL or lease to replace.</param>
public sealed record ZoneTransaction(DnsName Zone, IReadOnlyList<DnsRecord> Removed, IReadOnlyList<StoredRecord> Put);
