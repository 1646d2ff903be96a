using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>A record as kept in a store.</summary>
/// <param name="Record">The record.</param>
/// <param name="LeaseEnd">When its lease ends; null for one that stays.</param>
public sealed record StoredRecord(DnsRecord Record, DateTimeOffset? LeaseEnd);
