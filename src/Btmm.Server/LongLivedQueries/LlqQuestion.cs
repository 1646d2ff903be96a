using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// A question that at least one client has a long-lived query for, and its askers as a chain through them. Belongs to its
/// <see cref="LlqTable"/> and is used under the table's lock only.
/// </summary>
internal sealed class LlqQuestion(DnsQuestion question, Zone zone)
{
    internal DnsQuestion Question => question;

    /// <summary>The zone that answers.</summary>
    internal Zone Zone => zone;

    /// <summary>The answers as of the last look, which everybody who was told of all of them shares.</summary>
    internal IReadOnlyList<DnsRecord> Records { get; private set; } = [];

    internal LlqSession? First { get; private set; }

    internal int Count { get; private set; }

    /// <summary>Looks at the zone again; <see cref="Records"/> stays the same object where nothing changed.</summary>
    internal void Update()
    {
        // Records whose lease has ended are not told of, even while their removal waits for the store (RFC 9664 §7).
        IReadOnlyList<DnsRecord> records = zone.Live.FindSet(question.Name, question.Type);
        if (!records.SequenceEqual(Records))
            Records = records.Count == 0 ? [] : records;
    }

    internal void Add(LlqSession session)
    {
        session.Next = First;
        if (First is not null)
            First.Previous = session;
        First = session;
        Count++;
    }

    internal void Remove(LlqSession session)
    {
        if (session.Previous is not null)
            session.Previous.Next = session.Next;
        else
            First = session.Next;
        if (session.Next is not null)
            session.Next.Previous = session.Previous;
        session.Previous = session.Next = null;
        Count--;
    }
}
