using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.LongLivedQuery;

namespace Btmm.Core.Dns;

/// <summary>One watched record set of an <see cref="LlqClient"/>. Used by its loop alone.</summary>
internal sealed class LlqWatch
{
    public LlqWatch(DnsQuestion question, LlqClientSession session)
    {
        Question = question;
        Session = session;
    }

    public DnsQuestion Question { get; }

    public LlqClientSession Session { get; }

    /// <summary>The request of the session that is out.</summary>
    public LlqPending? Pending { get; set; }

    /// <summary>The set as last told, or to be told.</summary>
    public IReadOnlyList<DnsRecord> Records { get; private set; } = [];

    /// <summary>Whether the set is known at all.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Whether the set has to be told.</summary>
    public bool IsDirty { get; set; }

    /// <summary>When to ask for the set, to poll or to confirm it; null for never.</summary>
    public TimeSpan? QueryAt { get; set; }

    /// <summary>Whether a query for the set is under way.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Whether the set has to be set up again if a query finds it different: then the server failed to tell.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Counts changes, so that the answer to a query that was overtaken by an event is not believed.</summary>
    public int Version { get; private set; }

    /// <summary>Takes over a set; true when it is news.</summary>
    public bool Set(IEnumerable<DnsRecord> records)
    {
        DnsRecord[] now = [.. records];
        bool isSame = IsKnown && now.Length == Records.Count && now.All(record => Records.Any(record.IsSameAs));
        Version++;
        if (isSame) return false;
        Records = now;
        IsKnown = true;
        IsDirty = true;
        return true;
    }

    public void AskBy(TimeSpan at) => QueryAt = QueryAt is { } already && already < at ? already : at;
}
