using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Dns.Push;

/// <summary>
/// The client's end of one connection with DNS Push Notifications (RFC 8765) over DNS Stateful Operations (RFC 8490):
/// establishment, subscriptions with the records that the zone has for them, timers, and the ways it can end. Sans-I/O on virtual
/// time; not thread-safe. The driver gives it a TLS connection whose server it has verified, and when the session is over closes
/// or aborts the connection as <see cref="End"/> says.
/// </summary>
public sealed partial class PushClientSession
{
    // RFC 8490 §5.1.1.
    private static readonly TimeSpan s_establishTime = TimeSpan.FromSeconds(30);

    // Our own: a server that does not answer a request for this long is gone.
    private static readonly TimeSpan s_answerTime = TimeSpan.FromSeconds(15);

    // Our own: after everything sent before was answered, a server that collects its data elsewhere may still be about to send it.
    private static readonly TimeSpan s_settleTime = TimeSpan.FromMilliseconds(100);

    // Our own limits.
    private const int MaxRecords = 4096;
    private const int MaxForgotten = 1024;

    private readonly DsoTimeouts _wanted;
    private readonly Queue<byte[]> _outputs = new();
    private readonly Queue<PushEvent> _events = new();
    private readonly Dictionary<DnsQuestion, PushSubscription> _subscriptions = [];
    private readonly Dictionary<DnsName, List<PushSubscription>> _byName = [];
    private readonly Dictionary<ushort, PushSubscription> _byId = [];
    private readonly Dictionary<ushort, List<PushSubscription>> _keepalives = [];
    private readonly Queue<ushort> _forgotten = new();
    private readonly List<ushort> _toUnsubscribe = [];
    private readonly List<PushSubscription> _uncovered = [];
    private ushort _lastId;
    private int _unanswered;
    private int _otherOperations;
    private TimeSpan _lastMessage;
    private TimeSpan _lastActivity;
    private TimeSpan? _answerBy;

    /// <summary>Makes a session; nothing is sent before <see cref="Start"/>.</summary>
    /// <param name="wanted">The timeouts to ask for.</param>
    public PushClientSession(DsoTimeouts wanted) => _wanted = wanted;

    /// <summary>Where the session stands.</summary>
    public PushSessionState State { get; private set; }

    /// <summary>Why it is over.</summary>
    public PushSessionEnd End { get; private set; }

    /// <summary>The timeouts that hold.</summary>
    public DsoTimeouts Timeouts { get; private set; } = DsoTimeouts.Default;

    /// <summary>Subscriptions that are asked for or accepted.</summary>
    public IReadOnlyCollection<DnsQuestion> Subscriptions => _subscriptions.Keys;

    /// <summary>When <see cref="HandleTimeout"/> has something to do; null when only messages matter.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            if (State is PushSessionState.Idle or PushSessionState.Ended) return null;
            if (State == PushSessionState.Establishing) return _answerBy; // no session, no timers (RFC 8490 §6.2)
            TimeSpan? next = Earlier(_answerBy, _lastMessage + Timeouts.Keepalive);
            if (!HasOperations) next = Earlier(next, _lastActivity + Timeouts.Inactivity);
            foreach (PushSubscription settling in _settling) next = Earlier(next, settling.CompleteAt);
            return next;
        }
    }

    // Long-lived operations count as long as they last (RFC 8490 §6.3).
    private bool HasOperations => _subscriptions.Count > 0 || _unanswered > 0 || _otherOperations > 0;

    /// <summary>Asks for a session (a Keepalive request, RFC 8490 §5.2).</summary>
    /// <param name="now">The time.</param>
    public void Start(TimeSpan now)
    {
        State = PushSessionState.Establishing;
        _lastActivity = now;
        SendKeepalive(now);
        _answerBy = now + s_establishTime;
    }

    /// <summary>Asks to be told of a record set; does nothing when that is so already (RFC 8765 §6.2.1).</summary>
    /// <param name="now">The time.</param>
    /// <param name="question">The name, type and class; ANY means all.</param>
    public void Subscribe(TimeSpan now, DnsQuestion question)
    {
        if (State is PushSessionState.Idle or PushSessionState.Ended || _subscriptions.ContainsKey(question)) return;
        var subscription = new PushSubscription(question, NewId());
        _subscriptions.Add(question, subscription);
        _byId.Add(subscription.Id, subscription);
        if (!_byName.TryGetValue(question.Name, out List<PushSubscription>? atName)) _byName.Add(question.Name, atName = []);
        atName.Add(subscription);
        _unanswered++;
        _uncovered.Add(subscription);
        Send(now, PushMessages.Subscribe(subscription.Id, question));
        AwaitAnswer(now);
    }

    /// <summary>Ends a subscription; its answer need not have come yet (RFC 8765 §6.4.1).</summary>
    /// <param name="now">The time.</param>
    /// <param name="question">What was given to <see cref="Subscribe"/>.</param>
    public void Unsubscribe(TimeSpan now, DnsQuestion question)
    {
        if (State == PushSessionState.Ended || !_subscriptions.TryGetValue(question, out PushSubscription? subscription)) return;
        // The id stays known: an answer may be on its way.
        Forget(subscription, isIdKept: true);
        _lastActivity = now;
        if (State == PushSessionState.Established) Send(now, PushMessages.Unsubscribe(subscription.Id));
        else _toUnsubscribe.Add(subscription.Id);
    }

    /// <summary>Tells the server that a record seems to be out of date (RFC 8765 §6.5).</summary>
    /// <param name="now">The time.</param>
    /// <param name="record">The record.</param>
    public void Reconfirm(TimeSpan now, DnsRecord record)
    {
        if (State == PushSessionState.Established) Send(now, PushMessages.Reconfirm(record));
    }

    /// <summary>The driver sends a message of another kind over the connection, whose answer is awaited.</summary>
    /// <param name="now">The time.</param>
    public void BeginOperation(TimeSpan now)
    {
        _otherOperations++;
        _lastMessage = _lastActivity = now;
    }

    /// <summary>The answer has come.</summary>
    /// <param name="now">The time.</param>
    public void EndOperation(TimeSpan now)
    {
        _otherOperations = Math.Max(0, _otherOperations - 1);
        _lastMessage = _lastActivity = now;
    }

    /// <summary>The records that the zone has for a subscription as far as told; none when there is no such subscription.</summary>
    /// <param name="question">What was given to <see cref="Subscribe"/>.</param>
    public IReadOnlyList<DnsRecord> RecordsOf(DnsQuestion question) =>
        _subscriptions.TryGetValue(question, out PushSubscription? subscription) ? subscription.Records : [];

    /// <summary>Takes the next message to send.</summary>
    /// <param name="message">The message, without its length.</param>
    public bool TryTakeOutput(out ReadOnlyMemory<byte> message)
    {
        bool any = _outputs.TryDequeue(out byte[]? bytes);
        message = bytes;
        return any;
    }

    /// <summary>Takes the next event.</summary>
    /// <param name="happened">The event.</param>
    public bool TryTakeEvent(out PushEvent happened) => _events.TryDequeue(out happened);

    private static TimeSpan? Earlier(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right ?? left : left;

    private void Send(TimeSpan now, byte[] message, bool isKeepalive = false)
    {
        _outputs.Enqueue(message);
        _lastMessage = now;
        if (!isKeepalive) _lastActivity = now;
    }

    private void SendKeepalive(TimeSpan now)
    {
        ushort id = NewId();
        _keepalives.Add(id, [.. _uncovered]);
        _uncovered.Clear();
        Send(now, DsoMessages.Keepalive(id, _wanted, isResponse: false), isKeepalive: true);
        AwaitAnswer(now);
    }

    private void AwaitAnswer(TimeSpan now) => _answerBy ??= now + s_answerTime;

    // RFC 8490 §5.4.1: not one that is in use; ids of ended subscriptions rest for a while.
    private ushort NewId()
    {
        do _lastId++;
        while (_lastId == 0 || _byId.ContainsKey(_lastId) || _keepalives.ContainsKey(_lastId) || _forgotten.Contains(_lastId));
        return _lastId;
    }

    private void Forget(PushSubscription subscription, bool isIdKept)
    {
        _subscriptions.Remove(subscription.Question);
        _byId.Remove(subscription.Id);
        _settling.Remove(subscription);
        _uncovered.Remove(subscription);
        if (!subscription.IsAccepted && isIdKept) _unanswered--;
        List<PushSubscription> atName = _byName[subscription.Question.Name];
        atName.Remove(subscription);
        if (atName.Count == 0) _byName.Remove(subscription.Question.Name);
        if (!isIdKept) return;
        if (_forgotten.Count == MaxForgotten) _forgotten.Dequeue();
        _forgotten.Enqueue(subscription.Id);
    }
}
