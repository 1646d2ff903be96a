using System.Net;
using Btmm.Protocol.Ike.Events;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Requests of this side: one at a time, repeated until answered (RFC 7296 §2.1–2.4).</summary>
/// <remarks>
/// Waits before the nth repetition: min (cap, first · factor^(n-1)).
/// <code>
/// n                     1     2     3     4     5     6     7     8     9
/// usual: 0.5 s, 2, 8 s  0.50  1.00  2.00  4.00  8.00  8.00  8.00  ...
///   since the first     0.5   1.5   3.5   7.5   15.5  23.5  31.5  ... until 60 s (established) or 20 s (connecting)
/// fast: 0.2 s, 1.5, 3 s 0.20  0.30  0.45  0.68  1.01  1.52  2.28  3.00  3.00
///   since the first     0.2   0.5   0.95  1.6   2.6   4.2   6.4   9.4   12.4
/// </code>
/// The fast row holds for a while after a path changed, so that a tunnel is back within two seconds even when two
/// messages are lost.
/// </remarks>
internal sealed partial class IkeSa
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_waitCap = TimeSpan.FromSeconds(8);
    private const double WaitFactor = 2;

    private static readonly TimeSpan s_fastFirstWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_fastWaitCap = TimeSpan.FromSeconds(3);
    private const double FastWaitFactor = 1.5;

    /// <summary>How long after a change of paths the fast schedule holds.</summary>
    private static readonly TimeSpan s_fastPeriod = TimeSpan.FromSeconds(20);

    /// <summary>How long a peer has to confirm a deletion.</summary>
    private static readonly TimeSpan s_deleteTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Transmissions after which the peer is reported silent.</summary>
    private const int SilentAfter = 3;

    private readonly List<IkeTask> _queue = [];
    private IkeRequest? _outstanding;
    private uint _nextRequestId;
    private TimeSpan _fastUntil = TimeSpan.MinValue;
    private bool _silenceReported;

    public IkeTask? ActiveTask => _outstanding?.Task;

    public IEnumerable<IkeTask> Tasks => _outstanding is null ? _queue : _queue.Prepend(_outstanding.Task);

    /// <summary>Queues a task and starts it when nothing else is under way.</summary>
    public void Enqueue(IkeTask task, bool first = false)
    {
        if (first) _queue.Insert(0, task);
        else _queue.Add(task);
        Pump();
    }

    /// <summary>Starts the next task when the window is free.</summary>
    public void Pump()
    {
        while (_outstanding is null && _queue.Count > 0 && State is not (IkeSaState.Closed or IkeSaState.Lingering or IkeSaState.Pending))
        {
            IkeTask task = _queue[0];
            _queue.RemoveAt(0);
            Start(task);
        }
    }

    private void Start(IkeTask task)
    {
        List<IkePayload> payloads = [];
        if (task.Build(this, payloads) != TaskStep.NeedMore) return;
        bool isInit = task.Exchange == IkeExchangeType.IkeSaInit;
        uint id = isInit ? 0 : _nextRequestId;
        byte[] bytes = isInit ? ((ConnectTask)task).WriteInit(this, payloads) : Seal(task.Exchange, id, false, payloads);
        _outstanding = new IkeRequest(task, id, bytes) { GiveUpAt = Hub.Now + Allowance(task) };
        Transmit();
    }

    private TimeSpan Allowance(IkeTask task) => task switch
    {
        ConnectTask => Hub.Options.ConnectTimeout,
        DeleteIkeTask => s_deleteTimeout,
        _ => _suspected ? Hub.Options.SuspectPeerTimeout : Hub.Options.PeerTimeout,
    };

    /// <summary>Sends the request that waits, and sets when it is sent again.</summary>
    private void Transmit()
    {
        if (_outstanding is not { } request) return;
        bool fast = Hub.Now < _fastUntil || request.Task is DeleteIkeTask;
        double wait = fast
            ? Math.Min(s_fastWaitCap.TotalSeconds, s_fastFirstWait.TotalSeconds * Math.Pow(FastWaitFactor, request.Attempts))
            : Math.Min(s_waitCap.TotalSeconds, s_firstWait.TotalSeconds * Math.Pow(WaitFactor, request.Attempts));
        foreach (IPEndPoint to in Destinations(request)) SendRequestTo(request, to);
        request.Attempts++;
        request.Total++;
        request.RetransmitAt = Hub.Now + TimeSpan.FromSeconds(wait);
        if (request.Total == SilentAfter && State == IkeSaState.Established && PeerIdentifier is not null && !_silenceReported)
        {
            _silenceReported = true;
            Hub.Raise(new PeerSilent(PeerIdentifier, Hub.Now - LastHeard));
        }
    }

    private void SendRequestTo(IkeRequest request, IPEndPoint to)
    {
        if (!request.SentTo.Contains(to)) request.SentTo.Add(to);
        Hub.Send(to, request.Bytes);
    }

    /// <summary>A path changed: repeat what waits at once, and quickly for a while.</summary>
    private void Hurry()
    {
        _fastUntil = Hub.Now + s_fastPeriod;
        if (_outstanding is null) return;
        _outstanding.Attempts = 0;
        _outstanding.GiveUpAt = Max(_outstanding.GiveUpAt, Hub.Now + Allowance(_outstanding.Task));
        Transmit();
    }

    private void RetransmitDue()
    {
        if (_outstanding is not { } request) return;
        if (Hub.Now >= request.GiveUpAt) GiveUp(request);
        else if (Hub.Now >= request.RetransmitAt) Transmit();
    }

    private void GiveUp(IkeRequest request)
    {
        switch (request.Task)
        {
            case DeleteIkeTask delete:
                End(delete.Reason);
                break;
            case ConnectTask connect:
                End(connect.FailureHint ?? IkeCloseReason.Unresponsive);
                break;
            default:
                End(IkeCloseReason.Unresponsive);
                break;
        }
    }

    /// <summary>Takes a response to the request that waits; the message is authentic unless it is one of IKE_SA_INIT.</summary>
    private void Answered(IkeRequest request, IkeMessage response, IPEndPoint from, byte[] raw)
    {
        TaskStep step = request.Task.Process(this, response, new ReceivedResponse(from, request.SentTo, raw));
        if (_outstanding != request || step == TaskStep.Ignored) return; // the task ended the SA, or goes on waiting
        _outstanding = null;
        if (request.Task.Exchange != IkeExchangeType.IkeSaInit) _nextRequestId = request.MessageId + 1; // a repeated IKE_SA_INIT is 0 again
        if (step == TaskStep.NeedMore) _queue.Insert(0, request.Task);
        Pump();
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
