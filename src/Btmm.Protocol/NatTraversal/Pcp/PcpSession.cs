using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// The client's side of PCP with one server, without input, output or clock (RFC 6887 §8): one request at a time, retransmitted unchanged
/// at <see cref="PcpPace"/>, and answered only by the server's own address with the request's operation, protocol, port and nonce.
/// Follows the server's epoch over all exchanges. Not thread-safe.
/// </summary>
/// <remarks>
/// §8.3 wants answers from the server's own port too. Some gateways answer from another one; the nonce, 96 random bits that only the server
/// has seen, proves more than a port does. ANNOUNCE has no nonce, and its answer changes nothing.
/// <para>A grant of another port than a request with PREFER_FAILURE asked for is a mapping update that came before the answer (§13.2).
/// Some servers read the option and pay no heed to it, miniupnpd 2.3.1 among them: when the try's time has passed and nothing better
/// came, such a grant is taken for the answer, so that the caller can give it back.</para>
/// </remarks>
public sealed class PcpSession : IGatewaySession<PcpRequest, PcpOutcome>
{
    private readonly IPAddress _server;
    private readonly IRandomSource _random;
    private readonly PcpEpoch _epoch = new();
    private PcpPace _pace;
    private PcpRequest? _request;
    private PcpOutcome? _outcome;
    private PcpResponse? _unasked;
    private PcpResponse? _otherGrant;
    private TimeSpan _startedAt;
    private TimeSpan? _timeout;
    private int _tries;
    private int _maxTries;
    private bool _sendDue;

    /// <summary>Makes a session.</summary>
    /// <param name="server">The server's address; datagrams from elsewhere are ignored.</param>
    /// <param name="random">For the variation of retransmissions.</param>
    public PcpSession(IPAddress server, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(server);
        _server = server;
        _random = random;
        _pace = new PcpPace(random);
    }

    /// <summary>Whether an exchange is under way.</summary>
    public bool IsBusy => _timeout is not null;

    /// <inheritdoc/>
    public TimeSpan? NextTimeout => _timeout;

    /// <inheritdoc/>
    public bool TryStart(TimeSpan now, PcpRequest request, int maxTries = PcpConstants.MaxTries)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (IsBusy || maxTries < 1) return false;
        _request = request;
        _outcome = null;
        _otherGrant = null;
        _maxTries = maxTries;
        _tries = 0;
        _startedAt = now;
        _pace = new PcpPace(_random);
        Send(now);
        return true;
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        _timeout = null;
        _sendDue = false;
        _outcome = null;
    }

    /// <inheritdoc/>
    public bool TryTakeOutput(Span<byte> destination, out int written)
    {
        written = 0;
        if (!_sendDue || _request is null || !_request.TryWrite(destination, out written)) return false;
        _sendDue = false;
        return true;
    }

    /// <inheritdoc/>
    public bool TryTakeOutcome(out PcpOutcome outcome)
    {
        outcome = _outcome ?? new PcpOutcome(PcpOutcomeKind.NoAnswer, null, _tries, TimeSpan.Zero, ServerLostState: false);
        if (_outcome is null) return false;
        _outcome = null;
        return true;
    }

    /// <summary>
    /// Takes the latest MAP response that answers nothing under way: it may tell of a change (§14.2), be late, or be forged. The caller
    /// compares its nonce.
    /// </summary>
    public bool TryTakeUnasked(out PcpResponse? response)
    {
        response = _unasked;
        _unasked = null;
        return response is not null;
    }

    /// <inheritdoc/>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (!GatewaySource.IsGateway(_server, from.Address) || !PcpResponse.TryParse(message, out PcpResponse response)) return;
        if (IsBusy && _request is not null && Answers(_request, response))
        {
            if (IsAsAsked(_request, response)) Take(now, response);
            else _otherGrant = response;
        }
        else if (response.Opcode == PcpOpcode.Map && response.Map is not null) _unasked = response;
    }

    /// <inheritdoc/>
    public void HandlePortUnreachable(TimeSpan now)
    {
        if (IsBusy) End(now, PcpOutcomeKind.PortUnreachable, null, lost: false);
    }

    /// <inheritdoc/>
    public void HandleTimeout(TimeSpan now)
    {
        if (_timeout is not { } due || now < due) return;
        if (_otherGrant is not null) Take(now, _otherGrant);
        else if (_tries >= _maxTries) End(now, PcpOutcomeKind.NoAnswer, null, lost: false);
        else Send(now);
    }

    /// <summary>
    /// Whether an announcement's epoch means that the server may have lost its mappings. Announcements can be forged by anybody on the
    /// link, so this only judges; the epoch is learnt from answers.
    /// </summary>
    public bool AnnouncesLoss(TimeSpan now, uint epochSeconds) => _epoch.WouldBeLoss(now, epochSeconds);

    private void Send(TimeSpan now)
    {
        _tries++;
        _sendDue = true;
        _timeout = now + _pace.Next();
    }

    private static bool Answers(PcpRequest request, PcpResponse response)
    {
        if (response.Version != PcpConstants.Version) return true; // It has nothing that could match (§8.3).
        if (response.Opcode != request.Opcode || response.Options.ThirdParty is not null) return false;
        if (request.Map is not { } asked) return true;
        if (response.Map is not { } told) return response.Result != PcpResult.Success; // An error that is the header alone.
        if (told.Protocol != asked.Protocol || told.InternalPort != asked.InternalPort) return false;
        if (told.Nonce != asked.Nonce) return false;
        if (response.Result != PcpResult.Success) return true;

        // Not a late answer to the other kind of request. A deletion's says lifetime 0 or, while the mapping is in use, what is left of
        // it, and port 0 (§15, §15.1).
        bool ends = response.LifetimeSeconds == 0;
        return request.LifetimeSeconds == 0 ? ends || told.ExternalPort == 0 : !ends;
    }

    /// <summary>Whether an answer grants what a request with PREFER_FAILURE asked for, or nothing; any other request takes what comes.</summary>
    private static bool IsAsAsked(PcpRequest request, PcpResponse response)
    {
        if (!request.Options.PreferFailure || response.Result != PcpResult.Success) return true;
        if (request.Map is not { } asked || response.Map is not { } told) return true;
        bool sameAddress = PcpAddress.IsAny(asked.ExternalAddress) || asked.ExternalAddress.Equals(told.ExternalAddress);
        return told.ExternalPort == asked.ExternalPort && sameAddress;
    }

    private void Take(TimeSpan now, PcpResponse response)
    {
        PcpOutcomeKind kind = response.Version switch
        {
            PcpConstants.NatPmpVersion => PcpOutcomeKind.SpeaksNatPmp,
            PcpConstants.Version when response.Result != PcpResult.UnsupportedVersion => PcpOutcomeKind.Answered,
            _ => PcpOutcomeKind.VersionUnsupported,
        };
        End(now, kind, response, response.EpochSeconds is { } epoch && _epoch.Observe(now, epoch));
    }

    private void End(TimeSpan now, PcpOutcomeKind kind, PcpResponse? response, bool lost)
    {
        _timeout = null;
        _sendDue = false;
        _outcome = new PcpOutcome(kind, response, _tries, now - _startedAt, lost);
    }
}
