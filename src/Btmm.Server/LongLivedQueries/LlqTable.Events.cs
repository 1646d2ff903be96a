using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <content>Events: found through the index of subscribers, sent up to three times, ended by an acknowledgement (§6).</content>
internal sealed partial class LlqTable
{
    // RFC 8764 §6: wait after each transmission; after the last one the client is given up.
    private static readonly TimeSpan[] s_waits = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    // Our own: lets the answer to a set-up leave before the events that complete it.
    private static readonly TimeSpan s_gapAfterAnswer = TimeSpan.FromMilliseconds(100);

    private const int MinCompaction = 1024;

    /// <summary>When <see cref="HandleTimeout"/> has something to do; null when never.</summary>
    internal TimeSpan? NextTimeout
    {
        get
        {
            lock (_gate)
            {
                DropStaleDeadlines();
                return _deadlines.TryPeek(out _, out TimeSpan next) ? next : null;
            }
        }
    }

    /// <summary>A zone has changed: tells everybody who asked for one of the record sets concerned.</summary>
    internal void OnChange(TimeSpan now, ZoneChange change)
    {
        lock (_gate)
        {
            foreach ((DnsName name, DnsType type) in change.ChangedSets())
            {
                if (!_bySet.TryGetValue((name, type), out HashSet<LlqSession>? sessions))
                    continue;
                foreach (LlqSession session in sessions)
                {
                    session.EventDue ??= now;
                    SendDue(now, session);
                    Schedule(session);
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
            if (!_byId.TryGetValue((client, option.Id), out LlqSession? session) || session.InFlight?.MessageId != messageId)
                return;
            session.InFlight = null;
            SendDue(now, session);
            Schedule(session);
        }
    }

    /// <summary>Sends again what was not acknowledged, and ends what has expired or is not acknowledged at all.</summary>
    internal void HandleTimeout(TimeSpan now)
    {
        lock (_gate)
        {
            while (true)
            {
                DropStaleDeadlines();
                if (!_deadlines.TryPeek(out LlqSession? session, out TimeSpan deadline) || deadline > now)
                    return;
                _deadlines.Dequeue();
                Advance(now, session);
            }
        }
    }

    /// <summary>Takes the next datagram to send.</summary>
    internal bool TryTakeOutput(out LlqOutput output)
    {
        lock (_gate)
            return _outputs.TryDequeue(out output);
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

            Transmit(session, flight with { Transmissions = flight.Transmissions + 1, Deadline = now + s_waits[flight.Transmissions] });
        }

        SendDue(now, session);
        Schedule(session);
    }

    // Sends the difference between what the client knows and what the zone says now. What does not fit into one packet follows
    // when this event is acknowledged, and so do changes made meanwhile.
    private void SendDue(TimeSpan now, LlqSession session)
    {
        if (session.InFlight is not null || session.EventDue is not { } due || due > now || session.LeaseEnd <= now)
            return;
        session.EventDue = null;
        IReadOnlyList<DnsRecord> answers = session.Zone.Current.FindSet(session.Question.Name, session.Question.Type);
        HashSet<DnsData> known = [.. session.Known.Select(static record => record.Data)];
        HashSet<DnsData> present = [.. answers.Select(static record => record.Data)];
        DnsRecord[] removed = [.. session.Known.Where(record => !present.Contains(record.Data))];
        DnsRecord[] added = [.. answers.Where(record => !known.Contains(record.Data))];
        DnsRecord[] changes = [.. removed.Select(static record => record with { Ttl = LlqMessages.RemovedTtl }), .. added];
        if (changes.Length == 0)
            return;

        Span<byte> id = stackalloc byte[sizeof(ushort)];
        _random.Fill(id);
        ushort messageId = BinaryPrimitives.ReadUInt16BigEndian(id);
        byte[] message = LlqMessages.Event(session, messageId, changes, _clock.UtcNow, out int sent);
        int removals = Math.Min(sent, removed.Length);
        session.Known = [.. session.Known.Except(removed.Take(removals)), .. added.Take(sent - removals)];
        if (sent < changes.Length)
            session.EventDue = now;
        _metrics.Add(ServerCount.EventsSent);
        Transmit(session, new LlqEvent(messageId, message, 1, now + s_waits[0]));
    }

    private void Transmit(LlqSession session, LlqEvent flight)
    {
        session.InFlight = flight;
        _outputs.Enqueue(new LlqOutput(session.Client, flight.Message));
    }

    // Each change of a deadline leaves the old entry in the queue; it no longer says what the session says. The queue is made
    // anew before such entries outnumber the sessions by far.
    private void Schedule(LlqSession session)
    {
        if (_deadlines.Count > MinCompaction + (4 * _byId.Count))
        {
            _deadlines.Clear();
            _deadlines.EnqueueRange(_byId.Values.Select(static other => (other, other.NextDeadline)));
        }

        _deadlines.Enqueue(session, session.NextDeadline);
    }

    private void DropStaleDeadlines()
    {
        while (_deadlines.TryPeek(out LlqSession? session, out TimeSpan deadline) && (session.IsEnded || session.NextDeadline != deadline))
            _deadlines.Dequeue();
    }
}
