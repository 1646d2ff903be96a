using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <summary>One subscription. Its marks are used under the lock of its connection.</summary>
internal sealed class PushWatch(PushConnection connection, ushort id, PushNode node, DnsType type, TsigKey? key)
{
    internal PushConnection Connection { get; } = connection;

    /// <summary>The message id of the SUBSCRIBE request.</summary>
    internal ushort Id { get; } = id;

    internal PushNode Node { get; } = node;

    internal DnsType Type { get; } = type;

    /// <summary>The key by which it was allowed; null where none was needed.</summary>
    internal TsigKey? Key { get; } = key;

    /// <summary>The name as the client knows it: as it was when it was last told.</summary>
    internal ZoneNode? Told { get; set; }

    /// <summary>Whether the request was answered, so that something may be told.</summary>
    internal bool IsReady { get; set; }

    /// <summary>Whether there may be something to tell.</summary>
    internal bool IsDirty { get; set; }

    internal bool IsEnded { get; set; }

    /// <summary>Whether records of a type concern it: a CNAME record answers for every type (RFC 8765 §6.3.1).</summary>
    internal bool Concerns(DnsType type) => Type == type || Type == DnsType.ANY || type == DnsType.CNAME;
}
