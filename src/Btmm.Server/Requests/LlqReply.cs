using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>The answer to one question of a long-lived query request.</summary>
internal sealed record LlqReply(LlqOption Option)
{
    internal IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    internal Zone? Zone { get; init; }

    internal LlqSession? Session { get; init; }

    /// <summary>An error: no id and no lease (RFC 8764 §5.2.2).</summary>
    internal static LlqReply Failed(LlqOpcode opcode, LlqError error) => new(new LlqOption(opcode, error, 0, 0));
}
