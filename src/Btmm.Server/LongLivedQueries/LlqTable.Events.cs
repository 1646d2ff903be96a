using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <content>Events: found through the question, sent up to three times, ended by an acknowledgement (§6).</content>
internal sealed partial class LlqTable
{
    // RFC 8764 §6: wait after each transmission; after the last one the client is given up.
    private static readonly TimeSpan[] s_waits = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    // Our own: lets the answer to a set-up leave before the events that complete it.
    private static readonly TimeSpan s_gapAfterAnswer = TimeSpan.FromMilliseconds(100);

    // The last body made and for whom: watchers of a question mostly know the same, and come one after the other.
    private (IReadOnlyList<DnsRecord> Known, IReadOnlyList<DnsRecord> Records, int Room, LlqBody? Body) _last = ([], [], 0, null);

    /// <summary>When <see cref="HandleTimeout"/> has something to do; null when never. The caller will come then.</summary>
    internal TimeSpan? NextTimeout
    {
        get
        {
            lock (_gate)
            {
                _announced = _deadlines.Next ?? LlqSession.Never;
                return _deadlines.Next;
            }
        }
    }

    /// <summary>A zone has changed: tells everybody who asked for one of the record sets concerned, and looks at nobody else.</summary>
    internal void OnChange(TimeSpan now, ZoneChange change)
    {
        lock (_gate)
        {
            foreach ((DnsName name, DnsType type) in change.ChangedSets())
            {
                if (!_index.TryFind(name, type, out LlqQuestion? question))
                    continue;
                question.Update();
                for (LlqSession? session = question.First; session is not null; session = session.Next)
                {
                    if (session.EventDue == LlqSession.Never)
                        session.EventDue = now;
                    SendDue(now, session);
                    _deadlines.Set(session);
                }
            }
        }
    }

    /// <summary>
    /// Takes the acknowledgement of an event: from the client's address, with the event's message id and LLQ-ID (§6.3).
    /// Anything else is ignored.
    /// </summary>
    internal void Acknowledge(TimeSpan now, LlqClient client, ushort messageId, LlqOption option)
    {
        lock (_gate)
        {
            if (!_index.TryFind(option.Id, out LlqSession? session) || session.Peer is not null || session.InFlight?.MessageId != messageId)
                return;
            // One set up over a connection has never been heard at a socket of ours before.
            if (session.IsFromStream ? session.Client.IsAtEndPointOf(client) : session.Client == client)
                Finish(now, session);
        }
    }

    /// <summary>Sends again what was not acknowledged, and ends what has expired or is not acknowledged at all.</summary>
    internal void HandleTimeout(TimeSpan now)
    {
        lock (_gate)
        {
            while (_deadlines.TryPeek(out LlqSession? session) && session.Deadline <= now)
                Advance(now, session);
        }
    }

    private void Finish(TimeSpan now, LlqSession session)
    {
        session.InFlight = null;
        SendDue(now, session);
        _deadlines.Set(session);
    }

    private void Advance(TimeSpan now, LlqSession session)
    {
        if (session.LeaseEnd <= now)
        {
            End(session);
            return;
        }

        if (session.InFlight is { } flight && flight.Deadline <= now)
        {
            if (flight.Transmissions >= s_waits.Length)
            {
                _metrics.Add(ServerCount.EventsUnanswered);
                End(session);
                return;
            }

            Transmit(now, session, flight);
        }

        SendDue(now, session);
        _deadlines.Set(session);
    }

    // Sends the difference between what the client knows and what the zone says now. What does not fit into one packet follows
    // when this event is acknowledged, and so do changes made meanwhile.
    private void SendDue(TimeSpan now, LlqSession session)
    {
        if (session.InFlight is not null || session.EventDue > now || session.LeaseEnd <= now)
            return;
        session.EventDue = LlqSession.Never;
        if (BodyFor(session) is not { } body)
        {
            session.Known = session.Question.Records;
            return;
        }

        session.Known = body.KnownAfter;
        if (!body.IsComplete)
            session.EventDue = now;
        _metrics.Add(ServerCount.EventsSent);
        var flight = new LlqEvent(NewMessageId(), body, _clock.UtcNow);
        session.InFlight = flight;
        Transmit(now, session, flight);
    }

    // Null when there is nothing to tell.
    private LlqBody? BodyFor(LlqSession session)
    {
        IReadOnlyList<DnsRecord> records = session.Question.Records;
        if (ReferenceEquals(session.Known, records))
            return null;
        int room = LlqMessages.EventRoom(session);
        bool isLast = ReferenceEquals(_last.Known, session.Known) && ReferenceEquals(_last.Records, records) && _last.Room == room;
        if (!isLast)
            _last = (session.Known, records, room, MakeBody(session, records, room));
        return _last.Body;
    }

    private static LlqBody? MakeBody(LlqSession session, IReadOnlyList<DnsRecord> records, int room)
    {
        HashSet<DnsData> known = [.. session.Known.Select(static record => record.Data)];
        HashSet<DnsData> present = [.. records.Select(static record => record.Data)];
        DnsRecord[] removed = [.. session.Known.Where(record => !present.Contains(record.Data))];
        DnsRecord[] added = [.. records.Where(record => !known.Contains(record.Data))];
        if (removed.Length + added.Length == 0)
            return null;
        DnsRecord[] changes = [.. removed.Select(static record => record with { Ttl = LlqMessages.RemovedTtl }), .. added];
        byte[] message = LlqMessages.Event(session.Question.Question, changes, room, out int sent);
        if (sent == changes.Length)
            return new LlqBody(message, records, IsComplete: true);
        int removals = Math.Min(sent, removed.Length);
        return new LlqBody(message, [.. session.Known.Except(removed.Take(removals)), .. added.Take(sent - removals)], IsComplete: false);
    }
}
