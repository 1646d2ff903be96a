using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// One established long-lived query. Belongs to its <see cref="LlqTable"/> and is used under the table's lock only. There may be
/// a hundred thousand: no lists and no timers of its own.
/// </summary>
internal sealed class LlqSession
{
    /// <summary>The time that never comes.</summary>
    internal static readonly TimeSpan Never = TimeSpan.MaxValue;

    /// <summary>Where events go.</summary>
    internal required LlqClient Client { get; set; }

    internal required ulong Id { get; init; }

    internal required LlqQuestion Question { get; init; }

    /// <summary>
    /// The key that set it up: only that key may refresh or end it, and it signs the events. Null in a public zone, when the
    /// set-up was not signed.
    /// </summary>
    internal required TsigKey? Key { get; init; }

    /// <summary>The connection that events go over, with whose end the query ends; null when they go by datagram.</summary>
    internal LlqPeer? Peer { get; init; }

    /// <summary>Whether it was set up over a connection with a port for events, so that refreshes come by connections too.</summary>
    internal bool IsFromStream { get; init; }

    internal TimeSpan LeaseEnd { get; set; }

    /// <summary>What the client has been told: events are the difference between this and the zone.</summary>
    internal IReadOnlyList<DnsRecord> Known { get; set; } = [];

    /// <summary>When to look for a difference; <see cref="Never"/> when there is no reason to.</summary>
    internal TimeSpan EventDue { get; set; } = Never;

    /// <summary>The event that waits for its acknowledgement; there is one at a time, so the client cannot confuse their order.</summary>
    internal LlqEvent? InFlight { get; set; }

    internal bool IsEnded { get; set; }

    /// <summary>The neighbours in the chain of its question.</summary>
    internal LlqSession? Previous { get; set; }

    internal LlqSession? Next { get; set; }

    /// <summary>Its place in <see cref="LlqDeadlines"/>, and the deadline it is there for; -1 when it is not.</summary>
    internal int Place { get; set; } = -1;

    internal TimeSpan Deadline { get; set; }

    /// <summary>When the table has to look at this session next.</summary>
    internal TimeSpan NextDeadline
    {
        get
        {
            TimeSpan next = InFlight is { } flight ? flight.Deadline : EventDue;
            return next < LeaseEnd ? next : LeaseEnd;
        }
    }
}
