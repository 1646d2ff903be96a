using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// The server's side of all long-lived queries (RFC 8764): virtual time in, messages out. Set-up by datagram, refresh and limits
/// are here; events, connections and what is sent in the other parts. Callers have verified that the asker may read the name.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>Events are signed with the key of their query, in the form of a request: there is no request MAC that they could be
/// answers to (RFC 8945 §5.3). A client that does not check that still knows them by our address and port and by the
/// unpredictable LLQ-ID that it alone was told. Acknowledgements are not signed; they only end repetitions.</para>
/// <para>A service that stops says nothing to those it would send datagrams to: RFC 8764 has no message for it, and Apple's server
/// sent none. They find out by the next refresh (NO-SUCH-LLQ or silence); connections end, which their clients see at once.</para>
/// </remarks>
internal sealed partial class LlqTable
{
    private readonly Lock _gate = new();
    private readonly LlqIndex _index = new();
    private readonly LlqDeadlines _deadlines = new();
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
                return _index.Count;
        }
    }

    /// <summary>Answers a set-up request with a challenge; remembers nothing (§5.2.2).</summary>
    internal LlqOption Challenge(TimeSpan now, LlqClient client, DnsQuestion question, TsigKey? key, LlqOption asked)
    {
        lock (_gate)
        {
            if (!_index.TryFind(client, peer: null, question, out _) && _index.IsFull(client, question, key, _limits))
                return Full();
        }

        uint lease = Grant(asked.Lease);
        return new LlqOption(LlqOpcode.Setup, LlqError.NoError, _cookie.Make(now, client, question, key?.Name, lease), lease);
    }

    /// <summary>
    /// Takes the answer to a challenge: from here on the query exists (§5.2.3). A repeated answer gives the same result.
    /// </summary>
    /// <param name="now">The monotonic clock.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="question">The question.</param>
    /// <param name="zone">The zone that answers it.</param>
    /// <param name="key">The key that signed it; null in a public zone when it is not signed.</param>
    /// <param name="echoed">The option received.</param>
    /// <param name="session">The query when it exists now; its <see cref="LlqSession.Known"/> are the answers to send.</param>
    internal LlqOption Establish(TimeSpan now, LlqClient client, DnsQuestion question, Zone zone, TsigKey? key, LlqOption echoed, out LlqSession? session)
    {
        lock (_gate)
        {
            if (TryFind(client, echoed.Id, question, key, now, out session))
                return Answered(now, session);
            bool isGood = _cookie.Verify(now, client, question, key?.Name, echoed.Lease, echoed.Id) && !_index.TryFind(echoed.Id, out _);
            if (!isGood)
                return Failed(LlqOpcode.Setup, LlqError.NoSuchLlq, 0);

            // The same client does not ask the same twice (§5.2.1): this one replaces what it had.
            if (_index.TryFind(client, peer: null, question, out LlqSession? old))
                End(old);
            if (_index.IsFull(client, question, key, _limits))
                return Full();
            session = new LlqSession
            {
                Client = client,
                Id = echoed.Id,
                Question = _index.Share(question, zone),
                Key = key,
                LeaseEnd = now + TimeSpan.FromSeconds(echoed.Lease),
            };
            _index.Add(session);
            return Answered(now, session);
        }
    }

    /// <summary>Says which answers of <see cref="Establish"/> were sent, when not all were; the others follow as events (§5.2.4).</summary>
    internal void Withhold(TimeSpan now, LlqSession session, IReadOnlyList<DnsRecord> sent)
    {
        lock (_gate)
        {
            if (session.IsEnded)
                return;
            session.Known = sent;
            session.EventDue = now + s_gapAfterAnswer;
            _deadlines.Set(session);
        }
    }

    /// <summary>Prolongs a query, or ends it when the lease asked for is 0 (§7).</summary>
    internal LlqOption Refresh(TimeSpan now, LlqClient client, DnsQuestion question, TsigKey? key, LlqOption asked)
    {
        lock (_gate)
            return TryFind(client, asked.Id, question, key, now, out LlqSession? session) ? Refresh(now, session, asked) : Failed(LlqOpcode.Refresh, LlqError.NoSuchLlq, asked.Id);
    }

    /// <summary>Ends the queries of a key or a zone that is no more. Linear in their number.</summary>
    internal void EndAll(Predicate<LlqSession> match)
    {
        lock (_gate)
        {
            foreach (LlqSession session in _index.Sessions.Where(session => match(session)).ToArray())
                End(session);
        }
    }

    private static LlqOption Failed(LlqOpcode opcode, LlqError error, ulong id) => new(opcode, error, id, 0);

    private LlqOption Refresh(TimeSpan now, LlqSession session, LlqOption asked)
    {
        if (asked.Lease == 0)
        {
            End(session);
            return new LlqOption(LlqOpcode.Refresh, LlqError.NoError, asked.Id, 0);
        }

        uint lease = Grant(asked.Lease);
        session.LeaseEnd = now + TimeSpan.FromSeconds(lease);
        _deadlines.Set(session);
        return new LlqOption(LlqOpcode.Refresh, LlqError.NoError, asked.Id, lease);
    }

    private LlqOption Full() => new(LlqOpcode.Setup, LlqError.ServFull, 0, (uint)_limits.LongLivedQueryRetryAfter.TotalSeconds);

    private uint Grant(uint asked) => (uint)_lease.Clamp(asked).TotalSeconds;

    private LlqOption Answered(TimeSpan now, LlqSession session)
    {
        session.Question.Update();
        session.InFlight = null;
        session.EventDue = LlqSession.Never;
        session.Known = session.Question.Records;
        _deadlines.Set(session);
        return new LlqOption(LlqOpcode.Setup, LlqError.NoError, session.Id, (uint)Math.Ceiling((session.LeaseEnd - now).TotalSeconds));
    }

    private bool TryFind(LlqClient client, ulong id, DnsQuestion question, TsigKey? key, TimeSpan now, [NotNullWhen(true)] out LlqSession? session) =>
        _index.TryFind(id, out session) && session.Peer is null && !session.IsFromStream && session.Client == client && IsOf(session, question, key, now);

    private static bool IsOf(LlqSession session, DnsQuestion question, TsigKey? key, TimeSpan now) =>
        session.Question.Question == question && session.Key?.Name == key?.Name && session.LeaseEnd > now;

    private ushort NewMessageId()
    {
        Span<byte> id = stackalloc byte[sizeof(ushort)];
        _random.Fill(id);
        return BinaryPrimitives.ReadUInt16BigEndian(id);
    }

    private void End(LlqSession session)
    {
        if (session.IsEnded)
            return;
        session.IsEnded = true;
        session.InFlight = null;
        _index.Remove(session);
        _deadlines.Remove(session);
        if (session.Peer is not null)
            Leave(session.Peer, session);
    }
}
