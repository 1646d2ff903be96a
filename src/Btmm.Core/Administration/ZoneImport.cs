using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>What an import of a zone file did. Immutable.</summary>
/// <param name="Apex">The zone's name.</param>
/// <param name="Added">Records that are new.</param>
/// <param name="Removed">Records that are gone.</param>
/// <param name="Serial">The SOA's serial now.</param>
public sealed record ZoneImport(DnsName Apex, int Added, int Removed, uint Serial);
