using Btmm.Protocol.Dns;

namespace Btmm.Core.Peers;

/// <summary>What the zone now says about one question, as a whole.</summary>
/// <param name="Question">The watched name and type.</param>
/// <param name="Records">All records of the answer; none when the name or type does not exist.</param>
public sealed record RecordSetChange(DnsQuestion Question, IReadOnlyList<DnsRecord> Records);
