using System.Net;
using System.Security.Cryptography;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// The initiator's way to an IKE SA and its first child SA: IKE_SA_INIT, again with a cookie or another group when asked,
/// then IKE_AUTH with the pre-shared key (RFC 7296 §1.2, §2.6, §2.7, §2.15).
/// </summary>
internal sealed class ConnectTask : IkeTask, IDisposable
{
    /// <summary>Cookies and changes of group accepted in one attempt; more is a forger's or a broken peer's game.</summary>
    private const int MaxRestarts = 4;

    private readonly List<IkeAlgorithms> _offered;
    private readonly byte[] _nonce;
    private IkeKeyPair _keyPair;
    private byte[]? _cookie;
    private byte[] _initMessage = [];
    private byte[] _peerNonce = [];
    private byte[] _responderMessage = [];
    private int _restarts;
    private uint _childSpi;
    private bool _offersExtended;

    public ConnectTask(IkeSa sa)
    {
        _offered = IkeNegotiation.Allowed(sa.Hub.Options);
        _nonce = sa.Hub.RandomBytes(IkeNonces.Size);
        _keyPair = _offered[0].Group.Generate(sa.Hub.Random);
    }

    /// <summary>Whether IKE_SA_INIT is over.</summary>
    public bool IsInitAccepted { get; private set; }

    /// <summary>What an unauthenticated error said; believed only when nothing better comes in time.</summary>
    public IkeCloseReason? FailureHint { get; private set; }

    public override IkeExchangeType Exchange => IsInitAccepted ? IkeExchangeType.IkeAuth : IkeExchangeType.IkeSaInit;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        if (IsInitAccepted) return BuildAuth(sa, request);
        if (_cookie is not null) request.Add(new IkeNotifyPayload(IkeNotifyType.Cookie, _cookie));
        request.Add(IkeNegotiation.Offer(_offered, []));
        request.Add(new IkeKeyExchangePayload(_keyPair.Group.Id, _keyPair.Public));
        request.Add(new IkeNoncePayload(_nonce));
        request.AddRange(sa.NatDetection(sa.Remote));
        return TaskStep.NeedMore;
    }

    /// <summary>Writes the message of IKE_SA_INIT and keeps it, since AUTH covers it.</summary>
    public byte[] WriteInit(IkeSa sa, List<IkePayload> payloads)
    {
        _initMessage = IkeProtectedMessage.Write(sa.NewHeader(IkeExchangeType.IkeSaInit, 0, false), payloads)
            ?? throw new InvalidOperationException("IKE_SA_INIT exceeds the message limit");
        return _initMessage;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received) =>
        IsInitAccepted ? ProcessAuth(sa, response) : ProcessInit(sa, response, received);

    public override void Abandon(IkeSa sa) => Dispose();

    public void Dispose() => _keyPair.Dispose();

    private TaskStep ProcessInit(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        if (response.Error is not null || response.Has(IkeNotifyType.Cookie)) return ProcessInitNotify(sa.Hub, response);
        if (response.Header.ResponderSpi == 0) return TaskStep.Ignored;
        if (response.Single<IkeSaPayload>() is not { } answer || response.Single<IkeKeyExchangePayload>() is not { } exchange
            || response.Single<IkeNoncePayload>() is not { } nonce) return TaskStep.Ignored;
        IkeAlgorithms? suite = IkeNegotiation.Accepted(_offered, answer);
        if (suite is null || exchange.Group != suite.Group.Id || suite.Group != _keyPair.Group) return TaskStep.Ignored;
        if (!_keyPair.TryAgree(exchange.Data, out byte[] secret)) return TaskStep.Ignored;

        sa.RemoteSpi = response.Header.ResponderSpi;
        sa.Keys = IkeKeys.Derive(suite, secret, _nonce, nonce.Data, sa.InitiatorSpi, sa.ResponderSpi, isInitiator: true);
        CryptographicOperations.ZeroMemory(secret);
        _peerNonce = nonce.Data;
        _responderMessage = received.Raw;
        sa.OriginNonce = sa.LowestNonce = IkeNonces.Lowest(_nonce, nonce.Data);
        sa.LearnNat(response);
        IsInitAccepted = true;
        return TaskStep.NeedMore;
    }

    /// <summary>Errors here can be forged: only those with a remedy are acted upon (RFC 7296 §2.21.1).</summary>
    private TaskStep ProcessInitNotify(IkeHub hub, IkeMessage response)
    {
        if (response.Notify(IkeNotifyType.Cookie) is { Data.Length: > 0 and <= IkeLimits.MaxCookie } cookie && _restarts++ < MaxRestarts)
        {
            _cookie = cookie.Data;
            return TaskStep.NeedMore;
        }

        if (response.Notify(IkeNotifyType.InvalidKePayload) is { Data.Length: 2 } wanted && _restarts++ < MaxRestarts)
        {
            int id = wanted.Data[0] << 8 | wanted.Data[1];
            IkeGroup? group = _offered.Select(s => s.Group).FirstOrDefault(g => g.Id == id && g != _keyPair.Group);
            if (group is null) return TaskStep.Ignored;
            _keyPair.Dispose();
            _keyPair = group.Generate(hub.Random);
            return TaskStep.NeedMore;
        }

        if (response.Has(IkeNotifyType.NoProposalChosen)) FailureHint = IkeCloseReason.NoProposalChosen;
        return TaskStep.Ignored;
    }

    private TaskStep BuildAuth(IkeSa sa, List<IkePayload> request)
    {
        IkeHub hub = sa.Hub;
        if (sa.Keys is null || !hub.TryGetKey(sa.PeerIdentity, out ReadOnlyMemory<byte> key)) return Close(sa, IkeCloseReason.AuthenticationFailed);
        var identity = IkeIdentificationPayload.FromHostName(true, hub.LocalIdentity);
        byte[] proof = IkePskAuthentication.Compute(
            sa.Keys.Algorithms.Prf, key.Span, _initMessage, _peerNonce, sa.Keys.InitiatorAuth, BodyOf(identity));
        _childSpi = hub.NewEspSpi();
        _offersExtended = hub.OffersExtended(sa.PeerIdentity);
        bool isFirst = !hub.Sas.Any(s => s.State == IkeSaState.Established && s.PeerIdentity == sa.PeerIdentity);
        request.Add(identity);
        if (isFirst) request.Add(new IkeNotifyPayload(IkeNotifyType.InitialContact));
        request.Add(IkeIdentificationPayload.FromHostName(false, sa.PeerIdentity));
        request.Add(new IkeAuthenticationPayload(IkeAuthenticationPayload.SharedKeyMic, proof));
        request.Add(EspNegotiation.Offer(hub.Options, _childSpi, null, _offersExtended));
        request.Add(new IkeTrafficSelectorsPayload(true, [IkeTrafficSelector.ForHost(hub.Options.LocalIdentifier)]));
        request.Add(new IkeTrafficSelectorsPayload(false, [IkeTrafficSelector.ForHost(sa.PeerIdentifier ?? IPAddress.IPv6None)]));
        request.Add(new IkeNotifyPayload(IkeNotifyType.MobikeSupported));
        return TaskStep.NeedMore;
    }

    private TaskStep ProcessAuth(IkeSa sa, IkeMessage response)
    {
        if (!IsPeerProven(sa, response)) return Close(sa, AuthFailure(response));
        sa.SupportsMobike = response.Has(IkeNotifyType.MobikeSupported);
        IkeCloseReason? childFailure = TryChild(sa, response, out ChildAgreement? agreed);
        if (childFailure is { } reason || agreed is null)
        {
            if (childFailure == IkeCloseReason.NoProposalChosen) sa.Hub.OfferNoExtended(sa.PeerIdentity);
            // the peer has an IKE SA now, of no use without the child: take it down in order
            sa.EstablishForDeletion(childFailure ?? IkeCloseReason.ProtocolError);
            return TaskStep.Done;
        }

        sa.Establish();
        sa.InstallChild(agreed, null, activate: true);
        Dispose();
        IkeRivals.Settle(sa, response.Has(IkeNotifyType.InitialContact), sa.CreatedAt);
        return TaskStep.Done;
    }

    private bool IsPeerProven(IkeSa sa, IkeMessage response)
    {
        if (sa.Keys is null || response.Single<IkeAuthenticationPayload>() is not { Method: IkeAuthenticationPayload.SharedKeyMic } auth) return false;
        if (response.Single<IkeIdentificationPayload>(IkePayloadType.IdResponder) is not { } identity) return false;
        if (!identity.TryGetHostName(out string name) || name != sa.PeerIdentity) return false;
        if (!sa.Hub.TryGetKey(name, out ReadOnlyMemory<byte> key)) return false;
        byte[] expected = IkePskAuthentication.Compute(
            sa.Keys.Algorithms.Prf, key.Span, _responderMessage, _nonce, sa.Keys.ResponderAuth, BodyOf(identity));
        return CryptographicOperations.FixedTimeEquals(expected, auth.Data);
    }

    private static IkeCloseReason AuthFailure(IkeMessage response) => response.Error?.NotifyType switch
    {
        IkeNotifyType.InvalidSyntax or IkeNotifyType.UnsupportedCriticalPayload => IkeCloseReason.ProtocolError,
        _ => IkeCloseReason.AuthenticationFailed,
    };

    private IkeCloseReason? TryChild(IkeSa sa, IkeMessage response, out ChildAgreement? agreed)
    {
        agreed = null;
        IkeOptions options = sa.Hub.Options;
        if (response.Error is { } error)
            return error.NotifyType == IkeNotifyType.TsUnacceptable ? IkeCloseReason.TrafficSelectorsUnacceptable : IkeCloseReason.NoProposalChosen;
        if (!ChildSelectors.AreExactly(response, options.LocalIdentifier, sa.PeerIdentifier)) return IkeCloseReason.TrafficSelectorsUnacceptable;
        if (response.Single<IkeSaPayload>() is not { } answer || EspNegotiation.Accepted(options, answer, null, _offersExtended) is not { } choice)
            return IkeCloseReason.NoProposalChosen;
        agreed = new ChildAgreement
        {
            Choice = choice,
            InboundSpi = _childSpi,
            InitiatorNonce = _nonce,
            ResponderNonce = _peerNonce,
            StartedHere = true,
        };
        return null;
    }

    private static TaskStep Close(IkeSa sa, IkeCloseReason reason)
    {
        sa.End(reason);
        return TaskStep.CloseSession;
    }

    internal static byte[] BodyOf(IkeIdentificationPayload identity) => [identity.IdType, 0, 0, 0, .. identity.Data];
}
