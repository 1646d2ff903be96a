using System.Net;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Where the peer is, and where it may be (RFC 7296 §2.23, RFC 4555 §3.5, §3.7).</summary>
/// <remarks>
/// <see cref="Remote"/> is in use and has been proven; <c>_candidate</c> is a hint: from the peer's records, or from an authentic
/// message that came from elsewhere. A candidate is asked by a probe with a cookie that goes to it alone, and becomes
/// <see cref="Remote"/> by its answer. Requests that are under way meanwhile go to both. After a change of paths, and when a request
/// stays unanswered, they also go to the endpoint of the peer's records: <see cref="Remote"/> may be a flow that the peer's NAT
/// keeps for this host's former address only.
/// </remarks>
internal sealed partial class IkeSa
{
    /// <summary>Transmissions of a probe to its target alone, before other endpoints are tried too.</summary>
    private const int ExclusiveAttempts = 4;

    /// <summary>Transmissions before a request also goes to the endpoint of the peer's records.</summary>
    private const int AttemptsBeforeRecord = 2;

    private IPEndPoint? _candidate;
    private bool _suspected;
    private TimeSpan _lastHintAt = TimeSpan.MinValue;

    /// <summary>How often a hint that anybody can forge may cause a liveness check.</summary>
    private static readonly TimeSpan s_hintInterval = TimeSpan.FromSeconds(10);

    public IPEndPoint Remote { get; private set; }

    /// <summary>Takes a proven endpoint into use.</summary>
    public void SetRemote(IPEndPoint endpoint)
    {
        if (endpoint.Equals(_candidate)) _candidate = null;
        if (endpoint.Equals(Remote)) return;
        Remote = endpoint;
        if (PeerIdentifier is not null && State == IkeSaState.Established) Hub.Raise(new PeerEndpointChanged(PeerIdentifier, endpoint));
    }

    /// <summary>This host moved.</summary>
    public void LocalMoved()
    {
        if (State is IkeSaState.Connecting or IkeSaState.Closing) Hurry();
        if (State != IkeSaState.Established) return;
        Hurry();
        if (!_queue.Any(t => t is ProbeTask { HasMoved: true })) Enqueue(new ProbeTask { HasMoved = true }, first: true);
    }

    /// <summary>The peer may be at <paramref name="endpoint"/>: by its records, or because ESP came from there.</summary>
    public void TryEndpoint(IPEndPoint endpoint)
    {
        if (State == IkeSaState.Connecting)
        {
            if (endpoint.Equals(Remote)) return;
            Remote = endpoint;
            Hurry();
            return;
        }

        if (State != IkeSaState.Established || endpoint.Equals(Remote) || IsBeingTried(endpoint)) return;
        _candidate = endpoint;
        Validate(endpoint);
    }

    /// <summary>
    /// Whether a probe of the candidate is under way or waiting. One that ended without a result is no reason to pass over
    /// further hints: with two paths that work for a moment, the last word may be the wrong one.
    /// </summary>
    private bool IsBeingTried(IPEndPoint endpoint) =>
        endpoint.Equals(_candidate) && Tasks.Any(t => t is ProbeTask { Target: { } target } && target.Equals(endpoint));

    /// <summary>The probe's target did not answer though another endpoint did.</summary>
    public void DropCandidate(IPEndPoint endpoint)
    {
        if (endpoint.Equals(_candidate)) _candidate = null;
    }

    /// <summary>Asks the peer for a sign of life; with <paramref name="suspected"/> it gets less time.</summary>
    public void CheckLiveness(bool suspected)
    {
        if (State != IkeSaState.Established) return;
        if (suspected)
        {
            _suspected = true;
            if (_outstanding is { } waiting) waiting.GiveUpAt = Min(waiting.GiveUpAt, Hub.Now + Hub.Options.SuspectPeerTimeout);
        }

        if (_outstanding is null && !_queue.Any(t => t is ProbeTask)) Enqueue(new ProbeTask());
    }

    private void HintStateLost()
    {
        if (State != IkeSaState.Established || _suspected) return;
        if (_lastHintAt != TimeSpan.MinValue && Hub.Now - _lastHintAt < s_hintInterval) return;
        _lastHintAt = Hub.Now;
        CheckLiveness(suspected: true);
    }

    /// <summary>A fresh authentic request came from here.</summary>
    private void HeardRequestFrom(IPEndPoint from)
    {
        if (from.Equals(Remote) || IsBeingTried(from)) return;
        _candidate = from;
        Validate(from);
    }

    /// <summary>
    /// An authentic response came from elsewhere. When the request had gone to one endpoint only, its probe decides;
    /// otherwise it does not tell which endpoint works (RFC 4555 §3.7), so that is asked.
    /// </summary>
    private void AnsweredFromElsewhere(IkeRequest request, IPEndPoint from)
    {
        if (request.Task is ProbeTask { Target: not null } && request.SentTo.Count == 1) return;
        _candidate = from;
        if (!_queue.Any(t => t is ProbeTask probe && from.Equals(probe.Target))) _queue.Insert(0, new ProbeTask { Target = from });
    }

    private void Validate(IPEndPoint endpoint)
    {
        _queue.RemoveAll(t => t is ProbeTask { Target: not null });
        _queue.Insert(0, new ProbeTask { Target = endpoint });
        if (_outstanding is not null) Hurry();
        else _fastUntil = Hub.Now + s_fastPeriod;
        Pump();
    }

    private IEnumerable<IPEndPoint> Destinations(IkeRequest request)
    {
        IPEndPoint? target = request.Task is ProbeTask probe ? probe.Target : null;
        bool isCurrent = target is not null && target.Equals(_candidate); // not when the peer has moved on meanwhile
        if (isCurrent && target is not null && request.Total < ExclusiveAttempts) return [target];
        bool tryRecord = State == IkeSaState.Established && (Hub.Now < _fastUntil || request.Attempts >= AttemptsBeforeRecord);
        IPEndPoint?[] all = [target, Remote, _candidate, tryRecord ? Hub.RecordOf(PeerIdentifier) : null];
        return all.OfType<IPEndPoint>().Distinct();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
