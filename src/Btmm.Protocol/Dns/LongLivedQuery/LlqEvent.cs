using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <summary>Something that happened in an <see cref="LlqClientSession"/>.</summary>
/// <param name="Kind">What.</param>
/// <param name="Record">The record added or removed.</param>
/// <param name="Error">The server's LLQ error, when there was one.</param>
/// <param name="Rcode">The server's response code, when it was not success.</param>
public readonly record struct LlqEvent(LlqEventKind Kind, DnsRecord? Record = null, LlqError Error = LlqError.NoError, DnsRcode Rcode = DnsRcode.NoError);
