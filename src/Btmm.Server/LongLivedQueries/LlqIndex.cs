using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// The established queries: by id, by asker and by question, and how many each client, key and question has. Sets of references
/// with keys that are read out of the sessions, to be small. Used under the lock of its <see cref="LlqTable"/> only.
/// </summary>
internal sealed class LlqIndex
{
    private readonly HashSet<LlqSession> _byId = new(ById.Instance);
    private readonly HashSet<LlqSession> _byAsker = new(ByAsker.Instance);
    private readonly HashSet<LlqQuestion> _questions = new(ByQuestion.Instance);
    private readonly Dictionary<(ulong, ulong), int> _perSource = [];
    private readonly Dictionary<DnsName, int> _perKey = new(DnsNameComparer.Instance);

    internal int Count => _byId.Count;

    internal IEnumerable<LlqSession> Sessions => _byId;

    internal bool TryFind(ulong id, [NotNullWhen(true)] out LlqSession? session) =>
        _byId.GetAlternateLookup<ulong>().TryGetValue(id, out session);

    internal bool TryFind(LlqClient client, LlqPeer? peer, DnsQuestion question, [NotNullWhen(true)] out LlqSession? session)
    {
        session = null;
        return TryFind(question.Name, question.Type, out LlqQuestion? shared)
            && _byAsker.GetAlternateLookup<(LlqClient, LlqPeer?, LlqQuestion)>().TryGetValue((client, peer, shared), out session);
    }

    internal bool TryFind(DnsName name, DnsType type, [NotNullWhen(true)] out LlqQuestion? question) =>
        _questions.GetAlternateLookup<(DnsName, DnsType)>().TryGetValue((name, type), out question);

    /// <summary>The question as all its askers share it; a new one counts only once somebody is added.</summary>
    internal LlqQuestion Share(DnsQuestion question, Zone zone)
    {
        if (TryFind(question.Name, question.Type, out LlqQuestion? shared))
            return shared;
        // The zone's own object for the name, where it has one, instead of another copy.
        DnsName name = zone.Current.Find(question.Name)?.Name ?? question.Name;
        return new LlqQuestion(question with { Name = name }, zone);
    }

    internal bool IsFull(LlqClient client, DnsQuestion question, TsigKey? key, ZoneServiceLimits limits) =>
        Count >= limits.MaxLongLivedQueries
        || _perSource.GetValueOrDefault(client.Source) >= limits.MaxLongLivedQueriesPerClient
        || (key is not null && _perKey.GetValueOrDefault(key.Name) >= limits.MaxLongLivedQueriesPerKey)
        || (TryFind(question.Name, question.Type, out LlqQuestion? shared) && shared.Count >= limits.MaxLongLivedQueriesPerName);

    internal void Add(LlqSession session)
    {
        _byId.Add(session);
        _byAsker.Add(session);
        _questions.Add(session.Question);
        session.Question.Add(session);
        Count1(_perSource, session.Client.Source, +1);
        if (session.Key is not null)
            Count1(_perKey, session.Key.Name, +1);
    }

    internal void Remove(LlqSession session)
    {
        _byId.Remove(session);
        _byAsker.Remove(session);
        session.Question.Remove(session);
        if (session.Question.Count == 0)
            _questions.Remove(session.Question);
        Count1(_perSource, session.Client.Source, -1);
        if (session.Key is not null)
            Count1(_perKey, session.Key.Name, -1);
    }

    private static void Count1<T>(Dictionary<T, int> counts, T key, int change)
        where T : notnull
    {
        int count = counts.GetValueOrDefault(key) + change;
        if (count == 0)
            counts.Remove(key);
        else
            counts[key] = count;
    }

    private sealed class ById : IEqualityComparer<LlqSession>, IAlternateEqualityComparer<ulong, LlqSession>
    {
        internal static readonly ById Instance = new();

        public bool Equals(LlqSession? x, LlqSession? y) => x?.Id == y?.Id;

        public int GetHashCode(LlqSession session) => session.Id.GetHashCode();

        public bool Equals(ulong id, LlqSession session) => id == session.Id;

        public int GetHashCode(ulong id) => id.GetHashCode();

        public LlqSession Create(ulong id) => throw new NotSupportedException();
    }

    private sealed class ByAsker : IEqualityComparer<LlqSession>, IAlternateEqualityComparer<(LlqClient Client, LlqPeer? Peer, LlqQuestion Question), LlqSession>
    {
        internal static readonly ByAsker Instance = new();

        public bool Equals(LlqSession? x, LlqSession? y) => x is not null && y is not null && KeyOf(x) == KeyOf(y);

        public int GetHashCode(LlqSession session) => KeyOf(session).GetHashCode();

        public bool Equals((LlqClient Client, LlqPeer? Peer, LlqQuestion Question) asker, LlqSession session) => asker == KeyOf(session);

        public int GetHashCode((LlqClient Client, LlqPeer? Peer, LlqQuestion Question) asker) => asker.GetHashCode();

        public LlqSession Create((LlqClient Client, LlqPeer? Peer, LlqQuestion Question) asker) => throw new NotSupportedException();

        private static (LlqClient Client, LlqPeer? Peer, LlqQuestion Question) KeyOf(LlqSession session) => (session.Client, session.Peer, session.Question);
    }

    private sealed class ByQuestion : IEqualityComparer<LlqQuestion>, IAlternateEqualityComparer<(DnsName Name, DnsType Type), LlqQuestion>
    {
        internal static readonly ByQuestion Instance = new();

        public bool Equals(LlqQuestion? x, LlqQuestion? y) => x?.Question == y?.Question;

        public int GetHashCode(LlqQuestion question) => HashCode.Combine(question.Question.Name, question.Question.Type);

        public bool Equals((DnsName Name, DnsType Type) key, LlqQuestion question) => key.Type == question.Question.Type && key.Name == question.Question.Name;

        public int GetHashCode((DnsName Name, DnsType Type) key) => HashCode.Combine(key.Name, key.Type);

        public LlqQuestion Create((DnsName Name, DnsType Type) key) => throw new NotSupportedException();
    }
}
