using Btmm.Protocol.Dns;

namespace Btmm.Server;

/// <summary>A zone at one moment.</summary>
/// <param name="Apex">The zone's name.</param>
/// <param name="Serial">The SOA's serial.</param>
/// <param name="Records">Records in the zone.</param>
/// <param name="LeasedRecords">Those of them with a lease.</param>
public sealed record ZoneStatus(DnsName Apex, uint Serial, int Records, int LeasedRecords);
