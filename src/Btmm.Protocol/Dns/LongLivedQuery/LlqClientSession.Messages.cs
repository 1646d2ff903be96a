using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <content>What the server says.</content>
public sealed partial class LlqClientSession
{
    /// <summary>Takes a message from the server.</summary>
    /// <param name="now">The time.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when it does not concern this query; nothing has changed then.</returns>
    public bool HandleMessage(TimeSpan now, DnsMessage message)
    {
        if (!IsForUs(message)) return false;
        EdnsInfo? edns = message.Edns;
        if (FindEvent(edns) is { } happened)
        {
            Acknowledge(message, edns!);
            HandleEvent(message, happened);
            return true;
        }

        return message.Id == _request?.Id && HandleAnswer(now, message, edns?.Find<LlqOption>());
    }

    /// <summary>Acknowledges an event without believing it, so that the server goes on sending.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False when it is no event of this query.</returns>
    public bool AcknowledgeOnly(DnsMessage message)
    {
        if (!IsForUs(message) || message.Edns is not { } edns || FindEvent(edns) is null) return false;
        Acknowledge(message, edns);
        return true;
    }

    private bool IsForUs(DnsMessage message) => message.IsResponse && message.Opcode == DnsOpcode.Query && message.Questions.Contains(Question);

    /// <summary>§6.3: a response with the event's id, question and OPT, without answers; to every copy.</summary>
    private void Acknowledge(DnsMessage message, EdnsInfo edns)
    {
        if (IsOverStream) return;
        var acknowledgement = new DnsMessage
        {
            Id = message.Id,
            Flags = DnsFlags.Response | DnsFlags.Authoritative,
            Questions = message.Questions,
            Additional = [edns.ToRecord()],
        };
        _outputs.Enqueue(new LlqOutput(acknowledgement, IsRequest: false));
    }

    private LlqOption? FindEvent(EdnsInfo? edns) => Id == 0 || State == LlqSessionState.Terminating
        ? null
        : edns?.Options.OfType<LlqOption>().FirstOrDefault(option => option.Opcode == LlqOpcode.Event && option.Id == Id);

    /// <summary>§6: the first copy counts. Our own list of ids tells a copy that comes late from news.</summary>
    private void HandleEvent(DnsMessage message, LlqOption option)
    {
        if (option.Error != LlqError.NoError || _seenEvents.Contains(message.Id)) return;
        if (_seenEvents.Count == MaxRememberedEvents) _seenEvents.Dequeue();
        _seenEvents.Enqueue(message.Id);
        // An event can overtake the acknowledgement with the answers, which are then older: apply it on top of them.
        if (State == LlqSessionState.Responding) _earlyEvents.AddRange(message.Answers.Where(IsAnswer).Take(MaxRecords - _earlyEvents.Count));
        else Apply(message.Answers.Where(IsAnswer));
    }

    private void Apply(IEnumerable<DnsRecord> changes)
    {
        foreach (DnsRecord record in changes)
        {
            if (record.Ttl == uint.MaxValue) Remove(record);
            else Add(record);
        }
    }

    private bool HandleAnswer(TimeSpan now, DnsMessage message, LlqOption? option)
    {
        // A name that does not exist yet can be watched like another, so NXDOMAIN with a good option is no refusal.
        bool isRefused = option is null || message.ExtendedRcode is not (DnsRcode.NoError or DnsRcode.NXDomain);
        switch (State)
        {
            case LlqSessionState.Terminating:
                End();
                return true;
            case LlqSessionState.Requesting when isRefused:
                Fail(LlqSessionState.Unsupported, new LlqEvent(LlqEventKind.SetupFailed, Rcode: message.ExtendedRcode));
                return true;
            case LlqSessionState.Requesting when option!.Opcode == LlqOpcode.Setup:
                HandleChallenge(now, message, option);
                return true;
            case LlqSessionState.Responding when isRefused || option!.Error != LlqError.NoError:
                Lose(now, option?.Error ?? LlqError.UnknownErr);
                return true;
            case LlqSessionState.Responding when option!.Opcode == LlqOpcode.Setup && option.Id == Id:
                HandleAcknowledgement(now, message, option);
                return true;
            case LlqSessionState.Refreshing when isRefused || option!.Error != LlqError.NoError:
                Lose(now, option?.Error ?? LlqError.UnknownErr);
                return true;
            case LlqSessionState.Refreshing when option!.Opcode == LlqOpcode.Refresh && option.Id == Id:
                Establish(now, option);
                _events.Enqueue(new LlqEvent(LlqEventKind.Refreshed));
                return true;
            default:
                return false;
        }
    }

    private void HandleChallenge(TimeSpan now, DnsMessage message, LlqOption option)
    {
        var failure = new LlqEvent(LlqEventKind.SetupFailed, Error: option.Error);
        switch (option.Error)
        {
            case LlqError.NoError when option.Id != 0 && option.Version == LlqOption.CurrentVersion:
                Id = option.Id;
                if (IsOverStream)
                {
                    HandleAcknowledgement(now, message, option);
                    break;
                }

                State = LlqSessionState.Responding;
                Send(now, MakeRequest(LlqOpcode.Setup, Id, option.Lease));
                break;
            case LlqError.ServFull:
                Fail(LlqSessionState.Waiting, failure);
                var wait = TimeSpan.FromSeconds(Math.Max(1, option.Lease));
                NextTimeout = now + (wait < s_longestWait ? wait : s_longestWait);
                break;
            case LlqError.Static:
                Fail(LlqSessionState.Static, failure);
                break;
            default:
                Fail(LlqSessionState.Unsupported, failure);
                break;
        }
    }

    private void HandleAcknowledgement(TimeSpan now, DnsMessage message, LlqOption option)
    {
        _records.Clear();
        _records.AddRange(message.Answers.Where(IsAnswer).Take(MaxRecords));
        Establish(now, option);
        _events.Enqueue(new LlqEvent(LlqEventKind.Established));
        Apply(_earlyEvents);
    }

    private void Establish(TimeSpan now, LlqOption option)
    {
        State = LlqSessionState.Established;
        _restarts = 0;
        _request = null;
        _lease = option.Lease;
        _leaseStart = now;
        var granted = TimeSpan.FromSeconds(option.Lease);
        _leaseLength = granted < s_shortestLease ? s_shortestLease : granted > s_longestLease ? s_longestLease : granted;
        NextTimeout = now + (_leaseLength * RefreshAt);
    }

    private void Add(DnsRecord record)
    {
        int index = _records.FindIndex(record.IsSameAs);
        if (index >= 0 || _records.Count == MaxRecords) return;
        _records.Add(record);
        _events.Enqueue(new LlqEvent(LlqEventKind.Added, record));
    }

    private void Remove(DnsRecord record)
    {
        int index = _records.FindIndex(record.IsSameAs);
        if (index < 0) return;
        _events.Enqueue(new LlqEvent(LlqEventKind.Removed, _records[index]));
        _records.RemoveAt(index);
    }

    private bool IsAnswer(DnsRecord record) => record.Type == Question.Type && record.Class == Question.Class && record.Name == Question.Name;
}
