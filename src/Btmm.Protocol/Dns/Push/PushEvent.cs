namespace Btmm.Protocol.Dns.Push;

/// <summary>Something that happened in a <see cref="PushClientSession"/>.</summary>
/// <param name="Kind">What.</param>
/// <param name="Question">The subscription concerned.</param>
/// <param name="Record">The record added or removed.</param>
/// <param name="Rcode">The server's reason, when it gave one.</param>
/// <param name="RetryAfter">How long not to try again what has ended.</param>
public readonly record struct PushEvent(
    PushEventKind Kind, DnsQuestion? Question = null, DnsRecord? Record = null, DnsRcode Rcode = DnsRcode.NoError, TimeSpan RetryAfter = default);
