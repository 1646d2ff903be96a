using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>A record of a zone and when its lease ends, on the service's monotonic clock; without a lease it stays.</summary>
internal sealed record ZoneRecord(DnsRecord Record, TimeSpan? LeaseEnd);
