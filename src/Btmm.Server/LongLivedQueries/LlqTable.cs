using System.Diagnostics.CodeAnalysis;
using System.Net;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// The server's side of all long-lived queries (RFC 8764): virtual time in, datagrams out. Set-up, refresh and limits are here,
/// events in the other part. Callers have verified that requests are signed by a key that may read the name. Thread-safe.
/// </summary>
/// <remarks>
/// Events are signed with the key of their query, in the form of a request: there is no request MAC that they could be answers
/// to (RFC 8945 §5.3). A client that does not check that still knows them by our address and port and by the unpredictable
/// LLQ-ID that it alone was told. Acknowledgements are not signed; they only end repetitions.
/// </remarks>
internal sealed partial class LlqTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(LlqClient Client, ulong Id), LlqSession> _byId = [];
    private readonly Dictionary<(LlqClient Client, DnsName Name, DnsType Type), LlqSession> _byQuestion = [];
    private readonly Dictionary<(DnsName Name, DnsType Type), HashSet<LlqSession>> _bySet = [];
    private readonly Dictionary<IPAddress, int> _perClient = [];
    private readonly PriorityQueue<LlqSession, TimeSpan> _deadlines = new();
    private readonly Queue<LlqOutput> _outputs = new();
    private readonly LeaseBounds _lease;
    private readonly ZoneServiceLimits _limits;
    private readonly LlqCookie _cookie;
    private readonly ServiceClock _clock;
    private readonly IRandomSource _random;
    private readonly ServerMetrics _metrics;

    internal LlqTable(LeaseBounds lease, ZoneServiceLimits limits, ServiceClock clock, IRandomSource random, ServerMetrics metrics)
    {
        _clock = clock;
        _lease = lease;
        _limits = limits;
        _random = random;
        _metrics = metrics;
        _cookie = new LlqCookie(random);
    }

    /// <summary>Long-lived queries established.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
                return _byId.Count;
        }
    }

    /// <summary>Answers a set-up request with a challenge; remembers nothing (§5.2.2).</summary>
    internal LlqOption Challenge(TimeSpan now, LlqClient client, DnsQuestion question, TsigKey key, LlqOption asked)
    {
        lock (_gate)
        {
            if (!_byQuestion.ContainsKey((client, question.Name, question.Type)) && IsFull(client, question))
                return Full();
        }

        uint lease = Grant(asked.Lease);
        return new LlqOption(LlqOpcode.Setup, LlqError.NoError, _cookie.Make(now, client, question, key.Name, lease), lease);
    }

    /// <summary>
    /// Takes the answer to a challenge: from here on the query exists (§5.2.3). A repeated answer gives the same result.
    /// </summary>
    /// <param name="now">The monotonic clock.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="question">The question.</param>
    /// <param name="zone">The zone that answers it.</param>
    /// <param name="key">The key that signed it.</param>
    /// <param name="echoed">The option received.</param>
    /// <param name="session">The query when it exists now; its <see cref="LlqSession.Known"/> are the answers to send.</param>
    internal LlqOption Establish(TimeSpan now, LlqClient client, DnsQuestion question, Zone zone, TsigKey key, LlqOption echoed, out LlqSession? session)
    {
        lock (_gate)
        {
            if (TryFind(client, echoed.Id, question, key, now, out session))
                return Answered(now, session);
            if (!_cookie.Verify(now, client, question, key.Name, echoed.Lease, echoed.Id))
                return Failed(LlqOpcode.Setup, LlqError.NoSuchLlq, 0);

            // The same client does not ask the same twice (§5.2.1): this one replaces what it had.
            if (_byQuestion.TryGetValue((client, question.Name, question.Type), out LlqSession? old))
                End(old);
            if (IsFull(client, question))
                return Full();
            session = new LlqSession { Client = client, Id = echoed.Id, Question = question, Zone = zone, Key = key, LeaseEnd = now + TimeSpan.FromSeconds(echoed.Lease) };
            Register(session);
            return Answered(now, session);
        }
    }

    /// <summary>Says which of the answers given by <see cref="Establish"/> did not fit; they follow as events (§5.2.4).</summary>
    internal void Withhold(TimeSpan now, LlqSession session, IEnumerable<DnsRecord> notSent)
    {
        lock (_gate)
        {
            if (session.IsEnded)
                return;
            session.Known = [.. session.Known.Except(notSent)];
            session.EventDue = now + s_gapAfterAnswer;
            Schedule(session);
        }
    }

    /// <summary>Prolongs a query, or ends it when the lease asked for is 0 (§7).</summary>
    internal LlqOption Refresh(TimeSpan now, LlqClient client, DnsQuestion question, TsigKey key, LlqOption asked)
    {
        lock (_gate)
        {
            if (!TryFind(client, asked.Id, question, key, now, out LlqSession? session))
                return Failed(LlqOpcode.Refresh, LlqError.NoSuchLlq, asked.Id);
            if (asked.Lease == 0)
            {
                End(session);
                return new LlqOption(LlqOpcode.Refresh, LlqError.NoError, asked.Id, 0);
            }

            uint lease = Grant(asked.Lease);
            session.LeaseEnd = now + TimeSpan.FromSeconds(lease);
            Schedule(session);
            return new LlqOption(LlqOpcode.Refresh, LlqError.NoError, asked.Id, lease);
        }
    }

    private static LlqOption Failed(LlqOpcode opcode, LlqError error, ulong id) => new(opcode, error, id, 0);

    private LlqOption Full() => new(LlqOpcode.Setup, LlqError.ServFull, 0, (uint)_limits.LongLivedQueryRetryAfter.TotalSeconds);

    private uint Grant(uint asked) => (uint)_lease.Clamp(asked).TotalSeconds;

    private LlqOption Answered(TimeSpan now, LlqSession session)
    {
        session.InFlight = null;
        session.EventDue = null;
        session.Known = session.Zone.Current.FindSet(session.Question.Name, session.Question.Type);
        Schedule(session);
        return new LlqOption(LlqOpcode.Setup, LlqError.NoError, session.Id, (uint)Math.Ceiling((session.LeaseEnd - now).TotalSeconds));
    }

    private bool TryFind(LlqClient client, ulong id, DnsQuestion question, TsigKey key, TimeSpan now, [NotNullWhen(true)] out LlqSession? session) =>
        _byId.TryGetValue((client, id), out session) && session.Question == question && session.Key.Name == key.Name && session.LeaseEnd > now;

    private bool IsFull(LlqClient client, DnsQuestion question) =>
        _byId.Count >= _limits.MaxLongLivedQueries
        || _perClient.GetValueOrDefault(client.EndPoint.Address) >= _limits.MaxLongLivedQueriesPerClient
        || (_bySet.TryGetValue((question.Name, question.Type), out HashSet<LlqSession>? others) && others.Count >= _limits.MaxLongLivedQueriesPerName);

    private void Register(LlqSession session)
    {
        (DnsName, DnsType) set = (session.Question.Name, session.Question.Type);
        _byId[(session.Client, session.Id)] = session;
        _byQuestion[(session.Client, set.Item1, set.Item2)] = session;
        if (!_bySet.TryGetValue(set, out HashSet<LlqSession>? sessions))
            _bySet.Add(set, sessions = []);
        sessions.Add(session);
        _perClient[session.Client.EndPoint.Address] = _perClient.GetValueOrDefault(session.Client.EndPoint.Address) + 1;
    }

    private void End(LlqSession session)
    {
        (DnsName, DnsType) set = (session.Question.Name, session.Question.Type);
        session.IsEnded = true;
        _byId.Remove((session.Client, session.Id));
        _byQuestion.Remove((session.Client, set.Item1, set.Item2));
        if (_bySet.TryGetValue(set, out HashSet<LlqSession>? sessions) && sessions.Remove(session) && sessions.Count == 0)
            _bySet.Remove(set);
        int rest = _perClient[session.Client.EndPoint.Address] - 1;
        if (rest == 0)
            _perClient.Remove(session.Client.EndPoint.Address);
        else
            _perClient[session.Client.EndPoint.Address] = rest;
    }
}
