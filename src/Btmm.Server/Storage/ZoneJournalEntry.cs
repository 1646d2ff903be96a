using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>A zone's step from one serial to the next. Immutable.</summary>
/// <param name="SerialBefore">The SOA's serial before.</param>
/// <param name="SerialAfter">The SOA's serial after.</param>
/// <param name="Removed">Records taken out, as they were, the old SOA among them.</param>
/// <param name="Added">Records put in, the new SOA among them.</param>
public sealed record ZoneJournalEntry(uint SerialBefore, uint SerialAfter, IReadOnlyList<DnsRecord> Removed, IReadOnlyList<DnsRecord> Added);
