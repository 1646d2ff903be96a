using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Dns.Push;

/// <summary>
/// The server's end of one connection with DNS Push Notifications (RFC 8765) over DNS Stateful Operations (RFC 8490): judges what
/// the client sends, knows its subscriptions by message id, and tells when the client has been silent or idle for too long.
/// Sans-I/O on virtual time; not thread-safe. Who may watch what, and what there is to tell, is the server's own business.
/// </summary>
public sealed class PushServerSession
{
    private readonly Dictionary<ushort, DnsQuestion> _questions = [];
    private readonly HashSet<DnsQuestion> _watched = [];
    private int _otherOperations;
    private TimeSpan _lastMessage;
    private TimeSpan _lastActivity;
    private TimeSpan? _graceEnd;
    private TimeSpan? _closeBy;

    /// <summary>Begins with the client's first message.</summary>
    /// <param name="now">The time.</param>
    public PushServerSession(TimeSpan now) => _lastMessage = _lastActivity = now;

    /// <summary>Whether a request of the client was answered with success (RFC 8490 §5.1.2).</summary>
    public bool IsEstablished { get; private set; }

    /// <summary>Whether a Retry Delay message has been sent: nothing may follow it, and what comes is ignored (RFC 8490 §6.6.1).</summary>
    public bool IsEnding => _closeBy is not null;

    /// <summary>The timeouts that hold.</summary>
    public DsoTimeouts Timeouts { get; private set; } = DsoTimeouts.Default;

    /// <summary>The subscriptions by their message ids.</summary>
    public IReadOnlyDictionary<ushort, DnsQuestion> Subscriptions => _questions;

    /// <summary>When the connection has to be aborted if nothing happens until then; null for never.</summary>
    public TimeSpan? Deadline
    {
        get
        {
            if (_closeBy is not null) return _closeBy;
            TimeSpan? silence = _lastMessage + DsoRules.SilencePatience(Timeouts);
            if (_questions.Count > 0 || _otherOperations > 0) return silence;
            TimeSpan? idle = _lastActivity + DsoRules.InactivityPatience(Timeouts);
            if (idle < _graceEnd) idle = _graceEnd;
            return silence is null || idle < silence ? idle : silence;
        }
    }

    /// <summary>Takes a DSO message from the client.</summary>
    /// <param name="now">The time.</param>
    /// <param name="message">The message, without its length.</param>
    /// <returns>What to do; a subscription is known from here on, until <see cref="Drop"/> when it is not accepted.</returns>
    public PushRequest HandleMessage(TimeSpan now, ReadOnlySpan<byte> message)
    {
        if (IsEnding) return default;
        if (!DnsHeader.TryRead(message, out DnsHeader header)) return Abort;
        _lastMessage = now;
        DsoKind kind = DsoMessageView.KindOf(header);
        if (DsoMessageView.TryRead(message, out DsoMessageView view) != DsoParseError.None)
            return kind == DsoKind.Request ? Reject(header.Id, DnsRcode.FormErr, isPadded: false) : Abort;
        return kind switch
        {
            DsoKind.Request => HandleRequest(now, view),
            // A response answers nothing: we send no requests (RFC 8490 §5.5.2). And no session, nothing without answer (§5.1).
            DsoKind.Unidirectional when IsEstablished => HandleUnidirectional(now, view),
            _ => Abort,
        };
    }

    /// <summary>A message of another kind has come over the connection; it is an operation until it is answered.</summary>
    /// <param name="now">The time.</param>
    public void BeginOperation(TimeSpan now)
    {
        _otherOperations++;
        _lastMessage = _lastActivity = now;
    }

    /// <summary>The message has been answered.</summary>
    /// <param name="now">The time.</param>
    public void EndOperation(TimeSpan now)
    {
        _otherOperations = Math.Max(0, _otherOperations - 1);
        _lastMessage = _lastActivity = now;
    }

    /// <summary>A message was sent to the client: an answer, or changes.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isKeepalive">Whether it was a Keepalive message, which is no activity (RFC 8490 §6.3).</param>
    public void NoteSent(TimeSpan now, bool isKeepalive = false)
    {
        _lastMessage = now;
        if (!isKeepalive) _lastActivity = now;
    }

    /// <summary>A request is answered with success: there is a session now.</summary>
    public void Establish() => IsEstablished = true;

    /// <summary>Sets the timeouts that hold from now on; a client that is idle already gets time to close (RFC 8490 §7.1.1).</summary>
    /// <param name="now">The time.</param>
    /// <param name="timeouts">The timeouts; a keepalive interval below ten seconds becomes that (§6.5.2).</param>
    public void SetTimeouts(TimeSpan now, DsoTimeouts timeouts)
    {
        TimeSpan? quarter = timeouts.Inactivity / 4;
        if (timeouts.InactivityMilliseconds < Timeouts.InactivityMilliseconds)
            _graceEnd = now + (quarter > DsoRules.CloseTime ? quarter : DsoRules.CloseTime);
        Timeouts = timeouts with { KeepaliveMilliseconds = Math.Max(timeouts.KeepaliveMilliseconds, DsoTimeouts.MinKeepaliveMilliseconds) };
    }

    /// <summary>Forgets a subscription that was not accepted, or that the server ends.</summary>
    /// <param name="id">Its message id.</param>
    public bool Drop(ushort id) => _questions.Remove(id, out DnsQuestion? question) && _watched.Remove(question);

    /// <summary>A Retry Delay message is sent: the client has five seconds to close (RFC 8490 §6.6.1).</summary>
    /// <param name="now">The time.</param>
    public void EndSession(TimeSpan now) => _closeBy ??= now + DsoRules.CloseTime;

    private static PushRequest Abort => new(PushRequestKind.Abort);

    private static PushRequest Reject(ushort id, DnsRcode rcode, bool isPadded) => new(PushRequestKind.Reject, id, Rcode: rcode, IsPadded: isPadded);

    private PushRequest HandleRequest(TimeSpan now, DsoMessageView view)
    {
        ushort id = view.Header.Id;
        DsoTlv primary = view.Primary!.Value; // a request has one
        bool isPadded = view.Count(DsoType.EncryptionPadding, out _) > 0;
        bool isOnce = view.Count(primary.Type, out _) == 1;
        switch (primary.Type)
        {
            case DsoType.Keepalive:
                return isOnce && DsoTimeouts.TryRead(view.DataOf(primary), out DsoTimeouts wanted)
                    ? new PushRequest(PushRequestKind.Keepalive, id, Wanted: wanted, IsPadded: isPadded)
                    : Reject(id, DnsRcode.FormErr, isPadded);
            case DsoType.Subscribe:
                _lastActivity = now;
                return isOnce && PushMessages.TryReadSubscribe(view, primary, out DnsQuestion? question)
                    ? HandleSubscribe(id, question, isPadded)
                    : Reject(id, DnsRcode.FormErr, isPadded);
            case DsoType.RetryDelay or DsoType.Push or DsoType.Unsubscribe or DsoType.Reconfirm:
                return Abort; // never for a client to send, or never to be answered (RFC 8490 §5.4.1, §6.6.1, RFC 8765 §6.3)
            default:
                _lastActivity = now;
                return Reject(id, DnsRcode.DsoTypeNI, isPadded);
        }
    }

    // RFC 8765 §6.2.1: neither the id nor the question of a subscription that there is.
    private PushRequest HandleSubscribe(ushort id, DnsQuestion question, bool isPadded)
    {
        if (_questions.ContainsKey(id) || !_watched.Add(question)) return Abort;
        _questions.Add(id, question);
        return new PushRequest(PushRequestKind.Subscribe, id, question, IsPadded: isPadded);
    }

    private PushRequest HandleUnidirectional(TimeSpan now, DsoMessageView view)
    {
        DsoTlv primary = view.Primary!.Value; // a unidirectional message has one
        bool isOnce = view.Count(primary.Type, out _) == 1;
        _lastActivity = now;
        if (primary.Type == DsoType.Unsubscribe && isOnce && PushMessages.TryReadUnsubscribe(view, primary, out ushort id))
        {
            // One that was not accepted may be ended before its client knows (RFC 8765 §6.4.1).
            return _questions.TryGetValue(id, out DnsQuestion? question) && Drop(id) ? new PushRequest(PushRequestKind.Unsubscribe, id, question) : default;
        }

        if (primary.Type == DsoType.Reconfirm && isOnce && PushMessages.TryReadReconfirm(view, primary, out DnsRecord? record))
            return new PushRequest(PushRequestKind.Reconfirm, Record: record);
        return Abort;
    }
}
