using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <summary>
/// One long-lived query at the client (RFC 8764): four-way handshake, events with acknowledgements, refresh, termination.
/// Sans-I/O on virtual time; not thread-safe. The driver passes in only messages that came from the server's address and whose
/// signature, if there is to be one, verified.
/// </summary>
/// <remarks>
/// A challenge and an acknowledgement without answers look alike (RFC 8764 App. A). They are told apart by the message id: the
/// challenge response has another one than the setup request, so a late copy of the challenge answers nothing that is out.
/// </remarks>
public sealed partial class LlqClientSession
{
    // RFC 8764 §5.1 and §7.1.
    private const double RefreshAt = 0.80;
    private const double FirstRetryAt = 0.90;
    private const double SecondRetryAt = 0.95;
    private static readonly TimeSpan[] s_waits = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    // As long as all attempts by datagrams take; the connection may have to be made first.
    private static readonly TimeSpan s_streamWait = TimeSpan.FromSeconds(14);

    // Our own limits.
    private const int MaxRecords = 4096;
    private const int MaxRememberedEvents = 32;
    private const int MaxRestarts = 3;
    private static readonly TimeSpan s_shortestLease = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longestLease = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromHours(1);

    private readonly Func<ushort> _newId;
    private readonly uint _wantedLease;
    private readonly Queue<LlqOutput> _outputs = new();
    private readonly Queue<LlqEvent> _events = new();
    private readonly List<DnsRecord> _records = [];
    private readonly Queue<ushort> _seenEvents = new();
    private readonly List<DnsRecord> _earlyEvents = [];
    private DnsMessage? _request;
    private int _attempts;
    private int _restarts;
    private uint _lease;
    private TimeSpan _leaseStart;
    private TimeSpan _leaseLength;

    /// <summary>Makes a session; nothing is sent before <see cref="Start"/>.</summary>
    /// <param name="question">The question; neither type nor class may be ANY or NONE (§5.2.1).</param>
    /// <param name="lease">The lease to ask for.</param>
    /// <param name="newId">Gives an unpredictable message id that is not in use on the same socket.</param>
    /// <exception cref="ArgumentException">The question's type or class is ANY or NONE.</exception>
    public LlqClientSession(DnsQuestion question, TimeSpan lease, Func<ushort> newId)
    {
        if (question.Type is DnsType.ANY or DnsType.None || question.Class is DnsClass.ANY or DnsClass.NONE)
            throw new ArgumentException("A long-lived query cannot be for ANY or NONE.", nameof(question));
        Question = question;
        _wantedLease = (uint)Math.Clamp(lease.TotalSeconds, 1, uint.MaxValue);
        _newId = newId;
    }

    /// <summary>The question.</summary>
    public DnsQuestion Question { get; }

    /// <summary>Where the session stands.</summary>
    public LlqSessionState State { get; private set; }

    /// <summary>
    /// Whether its messages go over a connection: one request and one answer set it up, nothing is sent twice, and events need no
    /// acknowledgement, since nothing is lost; with the end of the connection the query ends.
    /// </summary>
    public bool IsOverStream { get; private set; }

    /// <summary>The id that the server gave; 0 before that.</summary>
    public ulong Id { get; private set; }

    /// <summary>The message id of the request that awaits an answer, if one does.</summary>
    public ushort? PendingId => _request?.Id;

    /// <summary>The answers known. TTLs mean nothing here (§5.3). Kept when the query is lost, until the next answers.</summary>
    public IReadOnlyList<DnsRecord> Records => _records;

    /// <summary>When <see cref="HandleTimeout"/> has something to do; null when only messages matter.</summary>
    public TimeSpan? NextTimeout { get; private set; }

    /// <summary>Sets the query up, from nothing, whatever was before: at the start, or after the own address changed.</summary>
    /// <param name="now">The time.</param>
    /// <param name="overStream">Whether over a connection.</param>
    public void Start(TimeSpan now, bool overStream = false)
    {
        _restarts = 0;
        IsOverStream = overStream;
        SendSetup(now);
    }

    /// <summary>Ends the query at the server (a refresh with lease 0, §7.1).</summary>
    /// <param name="now">The time.</param>
    public void Terminate(TimeSpan now)
    {
        bool isKnownToServer = Id != 0 && State is LlqSessionState.Responding or LlqSessionState.Established or LlqSessionState.Refreshing;
        if (!isKnownToServer)
        {
            End();
            return;
        }

        State = LlqSessionState.Terminating;
        Send(now, MakeRequest(LlqOpcode.Refresh, Id, lease: 0));
    }

    /// <summary>Forgets the query without a word to the server, which cannot be reached.</summary>
    public void Abandon()
    {
        State = LlqSessionState.Idle;
        Id = 0;
        _request = null;
        NextTimeout = null;
        _outputs.Clear();
    }

    /// <summary>Replaces the records by what an ordinary query found, without events.</summary>
    /// <param name="records">The whole record set.</param>
    public void Resync(IEnumerable<DnsRecord> records)
    {
        _records.Clear();
        _records.AddRange(records.Where(IsAnswer).Take(MaxRecords));
    }

    /// <summary>Does what is due.</summary>
    /// <param name="now">The time.</param>
    public void HandleTimeout(TimeSpan now)
    {
        if (NextTimeout is not { } due || now < due) return;
        NextTimeout = null;
        switch (State)
        {
            case LlqSessionState.Requesting or LlqSessionState.Responding or LlqSessionState.Terminating:
                RetransmitOrGiveUp(now);
                break;
            case LlqSessionState.Waiting:
                SendSetup(now);
                break;
            case LlqSessionState.Established or LlqSessionState.Refreshing:
                Refresh(now);
                break;
        }
    }

    /// <summary>Takes the next message to send.</summary>
    /// <param name="output">The message.</param>
    public bool TryTakeOutput(out LlqOutput output) => _outputs.TryDequeue(out output);

    /// <summary>Takes the next event.</summary>
    /// <param name="happened">The event.</param>
    public bool TryTakeEvent(out LlqEvent happened) => _events.TryDequeue(out happened);

    private void SendSetup(TimeSpan now)
    {
        Id = 0;
        _seenEvents.Clear();
        _earlyEvents.Clear();
        State = LlqSessionState.Requesting;
        Send(now, MakeRequest(LlqOpcode.Setup, id: 0, _wantedLease));
    }

    private void Send(TimeSpan now, DnsMessage request)
    {
        _request = request;
        _attempts = 1;
        _outputs.Enqueue(new LlqOutput(request, IsRequest: true));
        NextTimeout = now + (IsOverStream ? s_streamWait : s_waits[0]);
    }

    private void RetransmitOrGiveUp(TimeSpan now)
    {
        if (!IsOverStream && _attempts < s_waits.Length && _request is { } request)
        {
            _outputs.Enqueue(new LlqOutput(request, IsRequest: true));
            NextTimeout = now + s_waits[_attempts++];
            return;
        }

        if (State == LlqSessionState.Terminating) End();
        else Fail(LlqSessionState.NoAnswer, default);
    }

    /// <summary>Refreshes at 80, 90 and 95 % of the lease; at its end the query is lost.</summary>
    private void Refresh(TimeSpan now)
    {
        if (State == LlqSessionState.Established) _attempts = 0;
        if (_attempts >= s_waits.Length)
        {
            Lose(now, LlqError.NoError);
            return;
        }

        State = LlqSessionState.Refreshing;
        int attempt = _attempts;
        Send(now, MakeRequest(LlqOpcode.Refresh, Id, _lease));
        _attempts = attempt + 1;
        double next = attempt switch { 0 => FirstRetryAt, 1 => SecondRetryAt, _ => 1 };
        NextTimeout = _leaseStart + (_leaseLength * next);
    }

    private void Lose(TimeSpan now, LlqError error)
    {
        _events.Enqueue(new LlqEvent(LlqEventKind.Lost, Error: error));
        if (_restarts++ < MaxRestarts) SendSetup(now);
        else Fail(LlqSessionState.Unsupported, new LlqEvent(LlqEventKind.SetupFailed, Error: error));
    }

    private void Fail(LlqSessionState state, LlqEvent reason)
    {
        State = state;
        Id = 0;
        _request = null;
        NextTimeout = null;
        _events.Enqueue(reason with { Kind = LlqEventKind.SetupFailed });
    }

    private void End()
    {
        State = LlqSessionState.Ended;
        Id = 0;
        _request = null;
        NextTimeout = null;
        _events.Enqueue(new LlqEvent(LlqEventKind.Ended));
    }

    private DnsMessage MakeRequest(LlqOpcode opcode, ulong id, uint lease) => new()
    {
        Id = _newId(),
        Flags = DnsFlags.RecursionDesired,
        Questions = [Question],
        Additional = [new EdnsInfo(new LlqOption(opcode, LlqError.NoError, id, lease)).ToRecord()],
    };
}
