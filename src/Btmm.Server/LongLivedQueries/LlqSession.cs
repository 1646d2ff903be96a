using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <summary>One established long-lived query. Belongs to its <see cref="LlqTable"/> and is used under the table's lock only.</summary>
internal sealed class LlqSession
{
    internal required LlqClient Client { get; init; }

    internal required ulong Id { get; init; }

    internal required DnsQuestion Question { get; init; }

    /// <summary>The zone that answers.</summary>
    internal required Zone Zone { get; init; }

    /// <summary>The key that set it up: only that key may refresh or end it, and it signs the events.</summary>
    internal required TsigKey Key { get; init; }

    internal TimeSpan LeaseEnd { get; set; }

    /// <summary>What the client has been told: events are the difference between this and the zone.</summary>
    internal IReadOnlyList<DnsRecord> Known { get; set; } = [];

    /// <summary>When to look for a difference; null when there is no reason to.</summary>
    internal TimeSpan? EventDue { get; set; }

    /// <summary>The event that waits for its acknowledgement; there is one at a time, so the client cannot confuse their order.</summary>
    internal LlqEvent? InFlight { get; set; }

    internal bool IsEnded { get; set; }

    /// <summary>When the table has to look at this session next.</summary>
    internal TimeSpan NextDeadline
    {
        get
        {
            TimeSpan? next = InFlight is { } flight ? flight.Deadline : EventDue;
            return next is { } time && time < LeaseEnd ? time : LeaseEnd;
        }
    }
}
