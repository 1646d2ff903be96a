using System.Net;

namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>
/// The client's side of NAT-PMP with one gateway, without input, output or clock (RFC 6886 §3.1): one request at a time,
/// retransmitted after 250 ms, 500 ms, 1 s ... and answered only by the gateway's own address. Follows the gateway's epoch
/// over all exchanges. Not thread-safe.
/// </summary>
/// <remarks>
/// With nine tries the sends are at 0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75 and 63.75 s, and the end at 127.75 s.
/// NAT-PMP has no transaction number: an answer matches by operation and internal port, and every request is idempotent, so
/// a late answer to an earlier try is as good as one to the last.
/// </remarks>
public sealed class NatPmpSession : IGatewaySession<NatPmpRequest, NatPmpOutcome>
{
    private readonly IPAddress _gateway;
    private readonly NatPmpEpoch _epoch = new();
    private NatPmpRequest _request;
    private NatPmpOutcome? _outcome;
    private TimeSpan _startedAt;
    private TimeSpan _interval;
    private TimeSpan? _timeout;
    private int _tries;
    private int _maxTries;
    private bool _sendDue;

    /// <summary>Makes a session.</summary>
    /// <param name="gateway">The gateway's IPv4 address; datagrams from elsewhere are ignored.</param>
    public NatPmpSession(IPAddress gateway)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        _gateway = gateway;
    }

    /// <summary>Whether an exchange is under way.</summary>
    public bool IsBusy => _timeout is not null;

    /// <summary>When <see cref="HandleTimeout"/> must be called; null when nothing is under way.</summary>
    public TimeSpan? NextTimeout => _timeout;

    /// <summary>Starts an exchange; false when one is under way (§3.1: one at a time) or <paramref name="maxTries"/> is below 1.</summary>
    public bool TryStart(TimeSpan now, NatPmpRequest request, int maxTries = NatPmpConstants.MaxTries)
    {
        if (IsBusy || maxTries < 1) return false;
        _request = request;
        _outcome = null;
        _maxTries = maxTries;
        _tries = 0;
        _startedAt = now;
        _interval = NatPmpConstants.FirstRetransmission;
        Send(now);
        return true;
    }

    /// <summary>Gives the exchange up without an outcome.</summary>
    public void Abandon()
    {
        _timeout = null;
        _sendDue = false;
        _outcome = null;
    }

    /// <summary>Writes the datagram that is due to be sent to the gateway's port 5351, if any.</summary>
    public bool TryTakeOutput(Span<byte> destination, out int written)
    {
        written = 0;
        if (!_sendDue || !_request.TryWrite(destination, out written)) return false;
        _sendDue = false;
        return true;
    }

    /// <summary>Takes the exchange's outcome once it has ended.</summary>
    public bool TryTakeOutcome(out NatPmpOutcome outcome)
    {
        outcome = _outcome ?? new NatPmpOutcome(NatPmpOutcomeKind.NoAnswer, null, _tries, TimeSpan.Zero, GatewayLostState: false);
        if (_outcome is null) return false;
        _outcome = null;
        return true;
    }

    /// <summary>A datagram arrived. Ignored unless it is the gateway's answer to the exchange under way.</summary>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (!GatewaySource.IsGateway(_gateway, from.Address) || !NatPmpResponse.TryParse(message, out NatPmpResponse response)) return;
        if (!IsBusy || !Answers(response)) return;
        bool lost = response.EpochSeconds is { } epoch && _epoch.Observe(now, epoch);
        End(now, NatPmpOutcomeKind.Answered, response, lost);
    }

    /// <summary>ICMP port-unreachable came back from the gateway: it does not speak NAT-PMP (§3.1).</summary>
    public void HandlePortUnreachable(TimeSpan now)
    {
        if (IsBusy) End(now, NatPmpOutcomeKind.PortUnreachable, null, lost: false);
    }

    /// <summary>Time has passed.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        if (_timeout is not { } due || now < due) return;
        if (_tries >= _maxTries) End(now, NatPmpOutcomeKind.NoAnswer, null, lost: false);
        else Send(now);
    }

    /// <summary>
    /// Whether an announcement's epoch means that the gateway lost its mappings. Announcements can be forged by anybody on
    /// the link, so this only judges; the epoch is learnt from answers.
    /// </summary>
    public bool AnnouncesLoss(TimeSpan now, uint epochSeconds) => _epoch.WouldBeLoss(now, epochSeconds);

    private void Send(TimeSpan now)
    {
        _tries++;
        _sendDue = true;
        _timeout = now + _interval;
        _interval *= 2;
    }

    private bool Answers(NatPmpResponse response)
    {
        // An answer to an unknown version may carry operation 0 whatever was asked (§3.5).
        if (response.Result == NatPmpResult.UnsupportedVersion) return true;
        if (response.Opcode != _request.Opcode) return false;
        if (response.InternalPort is { } port && port != _request.InternalPort) return false;
        if (response.Result != NatPmpResult.Success || _request.Opcode == NatPmpOpcode.ExternalAddress) return true;

        // The late answer to a deletion must not pass for a mapping, nor the other way round (§3.4).
        return (response.LifetimeSeconds == 0) == (_request.LifetimeSeconds == 0);
    }

    private void End(TimeSpan now, NatPmpOutcomeKind kind, NatPmpResponse? response, bool lost)
    {
        _timeout = null;
        _sendDue = false;
        _outcome = new NatPmpOutcome(kind, response, _tries, now - _startedAt, lost);
    }
}
