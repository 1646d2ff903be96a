using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>A zone's entry in a catalog. Immutable.</summary>
/// <param name="Apex">The zone's name.</param>
/// <param name="Settings">What the service wrote there about it; the store does not look into it.</param>
public sealed record StoredZone(DnsName Apex, ReadOnlyMemory<byte> Settings);
