using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Dns.Push;

/// <summary>What a client's DSO message asks of the server.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">The message id to answer; for an ended subscription the id that it had.</param>
/// <param name="Question">What is, or was, watched.</param>
/// <param name="Record">The doubted record.</param>
/// <param name="Wanted">The timeouts asked for.</param>
/// <param name="Rcode">The answer to a request that cannot be worked on.</param>
/// <param name="IsPadded">Whether the answer has to be padded (RFC 8490 §7.3).</param>
public readonly record struct PushRequest(
    PushRequestKind Kind,
    ushort Id = 0,
    DnsQuestion? Question = null,
    DnsRecord? Record = null,
    DsoTimeouts Wanted = default,
    DnsRcode Rcode = DnsRcode.NoError,
    bool IsPadded = false);
