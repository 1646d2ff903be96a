namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <summary>A message for the LLQ server.</summary>
/// <param name="Message">The message; a retransmission is the same object again.</param>
/// <param name="IsRequest">Whether an answer with the message's id is awaited; false for acknowledgements of events.</param>
public readonly record struct LlqOutput(DnsMessage Message, bool IsRequest);
