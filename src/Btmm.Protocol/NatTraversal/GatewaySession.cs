using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Btmm.Protocol.NatTraversal;

/// <summary>
/// The client's side of a protocol of single requests over UDP with one gateway, without input, output or clock: one exchange at a
/// time, each retransmitted unchanged at the protocol's pace and ended by an answer of the gateway's own address, by ICMP or by
/// silence. Follows the gateway's epoch over all exchanges. Not thread-safe.
/// </summary>
/// <typeparam name="TRequest">The protocol's request.</typeparam>
/// <typeparam name="TResponse">The protocol's response.</typeparam>
public abstract class GatewaySession<TRequest, TResponse>
    where TRequest : notnull
    where TResponse : class
{
    private readonly IPAddress _gateway;
    private readonly IGatewayEpoch _epoch;
    private TRequest? _request;
    private Retransmission? _sending;
    private TResponse? _secondBest;
    private ExchangeOutcome<TResponse>? _outcome;

    private protected GatewaySession(IPAddress gateway, IGatewayEpoch epoch)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        _gateway = gateway;
        _epoch = epoch;
    }

    /// <summary>Whether an exchange is under way.</summary>
    [MemberNotNullWhen(true, nameof(_request), nameof(_sending))]
    public bool IsBusy => _sending is not null;

    /// <summary>When <see cref="HandleTimeout"/> must be called; null when nothing is under way.</summary>
    public TimeSpan? NextTimeout => _sending?.NextTimeout;

    /// <summary>
    /// Starts an exchange; false when one is under way (RFC 6886 §3.1: one at a time) or <paramref name="maxTries"/> is below 1.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="maxTries">How often to send it at most.</param>
    public bool TryStart(TimeSpan now, TRequest request, int maxTries)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (IsBusy || maxTries < 1) return false;
        _request = request;
        _sending = new Retransmission(now, maxTries, Pace());
        _secondBest = null;
        _outcome = null;
        return true;
    }

    /// <summary>Gives the exchange up without an outcome.</summary>
    public void Abandon()
    {
        _sending = null;
        _outcome = null;
    }

    /// <summary>Writes the datagram that is due to be sent to the gateway, if any.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="written">Its length.</param>
    public bool TryTakeOutput(Span<byte> destination, out int written)
    {
        written = 0;
        if (!IsBusy || !_sending.IsDue || !TryWrite(_request, destination, out written)) return false;
        _sending.MarkSent();
        return true;
    }

    /// <summary>Takes the exchange's outcome once it has ended.</summary>
    /// <param name="outcome">The outcome.</param>
    public bool TryTakeOutcome([NotNullWhen(true)] out ExchangeOutcome<TResponse>? outcome)
    {
        outcome = _outcome;
        _outcome = null;
        return outcome is not null;
    }

    /// <summary>A datagram arrived. Ignored unless it is the gateway's.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">The sender. Some gateways answer from another port than they were asked on, so the port does not count.</param>
    /// <param name="message">The datagram.</param>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (!GatewaySource.IsGateway(_gateway, from.Address) || !TryParse(message, out TResponse response)) return;
        if (!IsBusy || !Answers(_request, response)) HearUnasked(response);
        else if (IsAsAsked(_request, response)) Take(now, response);
        else _secondBest = response;
    }

    /// <summary>ICMP port-unreachable came back from the gateway: it does not speak the protocol.</summary>
    /// <param name="now">The time.</param>
    public void HandlePortUnreachable(TimeSpan now) => End(now, ExchangeOutcomeKind.PortUnreachable, response: null, lost: false);

    /// <summary>Time has passed.</summary>
    /// <param name="now">The time.</param>
    public void HandleTimeout(TimeSpan now)
    {
        if (_sending?.IsOverdue(now) != true) return;
        if (_secondBest is not null) Take(now, _secondBest);
        else if (!_sending.TryAgain(now)) End(now, ExchangeOutcomeKind.NoAnswer, response: null, lost: false);
    }

    /// <summary>
    /// Whether an announcement's epoch means that the gateway lost its mappings. Announcements can be forged by anybody on the link, so
    /// this only judges; the epoch is learnt from answers.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="epochSeconds">The announced epoch.</param>
    public bool AnnouncesLoss(TimeSpan now, uint epochSeconds) => _epoch.WouldBeLoss(now, epochSeconds);

    /// <summary>How long one exchange waits for the answer to each try.</summary>
    private protected abstract Func<TimeSpan> Pace();

    private protected abstract bool TryWrite(TRequest request, Span<byte> destination, out int written);

    private protected abstract bool TryParse(ReadOnlySpan<byte> message, out TResponse response);

    private protected abstract uint? EpochOf(TResponse response);

    /// <summary>Whether a response is an answer to the request, be it an error.</summary>
    private protected abstract bool Answers(TRequest request, TResponse response);

    /// <summary>Whether an answer ends the exchange at once. One that does not ends it when the try's time is over.</summary>
    private protected virtual bool IsAsAsked(TRequest request, TResponse response) => true;

    /// <summary>A response came that answers nothing under way.</summary>
    private protected virtual void HearUnasked(TResponse response)
    {
    }

    private void Take(TimeSpan now, TResponse response) =>
        End(now, ExchangeOutcomeKind.Answered, response, EpochOf(response) is { } epoch && _epoch.Observe(now, epoch));

    private void End(TimeSpan now, ExchangeOutcomeKind kind, TResponse? response, bool lost)
    {
        if (_sending is null) return;
        _outcome = new ExchangeOutcome<TResponse>(kind, response, _sending.Tries, _sending.Elapsed(now), lost);
        _sending = null;
    }
}
