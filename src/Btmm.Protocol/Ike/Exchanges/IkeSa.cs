using System.Net;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Events;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// One IKE SA and the manager of its tasks. Split by concern: requests, receipt, paths, children, timers, end of life.
/// </summary>
internal sealed partial class IkeSa
{
    private byte[]? _lastView;

    public IkeSa(IkeHub hub, ulong localSpi, bool isInitiator, IPEndPoint remote, IkeSaState state)
    {
        Hub = hub;
        LocalSpi = localSpi;
        IsInitiator = isInitiator;
        StartedHere = isInitiator;
        Remote = remote;
        State = state;
        CreatedAt = hub.Now;
        LastHeard = hub.Now;
        hub.Add(this);
    }

    public IkeHub Hub { get; }

    public IkeSaState State { get; private set; }

    public ulong LocalSpi { get; }

    public ulong RemoteSpi { get; set; }

    /// <summary>Whether this side started this IKE SA, be it by IKE_SA_INIT or by a rekey.</summary>
    public bool IsInitiator { get; }

    /// <summary>Whether this side started the first IKE SA of the line.</summary>
    public bool StartedHere { get; private set; }

    public ulong InitiatorSpi => IsInitiator ? LocalSpi : RemoteSpi;

    public ulong ResponderSpi => IsInitiator ? RemoteSpi : LocalSpi;

    public IkeKeys? Keys { get; set; }

    public IkeSuite Suite => Keys?.Algorithms.Suite ?? IkeSuite.Aes256Gcm16PrfSha384Ecp384;

    /// <summary>The peer's host name: wanted while connecting, proven when established.</summary>
    public string PeerIdentity { get; set; } = "";

    /// <summary>The peer's identifier; null on a responder before IKE_AUTH.</summary>
    public IPAddress? PeerIdentifier { get; set; }

    public bool SupportsMobike { get; set; }

    public bool? IsBehindNat { get; set; }

    /// <summary>Whether the last message with NAT detection showed another address of this host than the one before.</summary>
    public bool IsSeenElsewhere { get; private set; }

    /// <summary>The lower nonce of the first exchange of the line, to settle that both sides connected at once.</summary>
    public byte[] OriginNonce { get; set; } = [];

    /// <summary>The lower nonce of the exchange that made this IKE SA, for rekey collisions.</summary>
    public byte[] LowestNonce { get; set; } = [];

    public TimeSpan CreatedAt { get; }

    public TimeSpan EstablishedAt { get; private set; }

    /// <summary>When the last fresh authentic message or ESP packet came from the peer.</summary>
    public TimeSpan LastHeard { get; private set; }

    /// <summary>The IKE SA that took this one's place.</summary>
    public IkeSa? Successor { get; private set; }

    /// <summary>An IKE SA that the peer made by a rekey while a rekey of this side is under way.</summary>
    public IkeSa? PeerRekey { get; set; }

    /// <summary>State of the responder between IKE_SA_INIT and IKE_AUTH.</summary>
    public HalfOpenState? HalfOpen { get; set; }

    public IEnumerable<ChildSa> Children => _children.Where(c => !c.IsGone);

    /// <summary>Whether new work for the peer can be queued here.</summary>
    public bool IsUsable => State == IkeSaState.Established;

    /// <summary>The peer is authenticated: from here on the SA counts.</summary>
    public void Establish()
    {
        State = IkeSaState.Established;
        EstablishedAt = Hub.Now;
        LastHeard = Hub.Now;
        HalfOpen?.Dispose();
        HalfOpen = null;
        StartLifetime();
        RaiseEstablished(isRekey: false);
    }

    public void Hear()
    {
        LastHeard = Hub.Now;
        if (!_silenceReported || PeerIdentifier is null) return;
        _silenceReported = false;
        Hub.Raise(new PeerResponsive(PeerIdentifier));
    }

    public IkeSaInfo Describe() => new()
    {
        Peer = PeerIdentifier ?? IPAddress.IPv6Any,
        Identity = PeerIdentity,
        InitiatorSpi = InitiatorSpi,
        ResponderSpi = ResponderSpi,
        IsInitiator = IsInitiator,
        Suite = Suite,
        Endpoint = Remote,
        IsBehindNat = IsBehindNat,
        SupportsMobike = SupportsMobike,
        ChildSpis = Children.Where(c => !c.IsReplaced && !c.IsDeleting).Select(c => c.InboundSpi).ToArray(),
        LastHeard = LastHeard,
        EstablishedAt = EstablishedAt,
    };

    public byte[] Seal(IkeExchangeType exchange, uint messageId, bool isResponse, IReadOnlyList<IkePayload> payloads)
    {
        if (Keys is null) throw new InvalidOperationException("an IKE SA seals only after its keys are agreed");
        IkeHeader header = NewHeader(exchange, messageId, isResponse);
        return IkeProtectedMessage.Seal(header, payloads, Keys.Send)
            ?? throw new InvalidOperationException("an IKE message exceeds its limit");
    }

    public IkeHeader NewHeader(IkeExchangeType exchange, uint messageId, bool isResponse) => new()
    {
        InitiatorSpi = InitiatorSpi,
        ResponderSpi = ResponderSpi,
        Version = IkeHeader.Version2,
        Exchange = exchange,
        Flags = (IsInitiator ? IkeHeaderFlags.Initiator : IkeHeaderFlags.None) | (isResponse ? IkeHeaderFlags.Response : IkeHeaderFlags.None),
        MessageId = messageId,
    };

    /// <summary>
    /// NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP for a message to <paramref name="to"/>. Where encapsulation is
    /// forced or the own address is unknown, the source's never matches.
    /// </summary>
    public IEnumerable<IkePayload> NatDetection(IPEndPoint to)
    {
        byte[] source = Hub.LocalEndpoint is { } local && !Hub.Options.ForceEncapsulation
            ? IkeNatDetection.Compute(InitiatorSpi, ResponderSpi, local)
            : Hub.RandomBytes(IkeNatDetection.Size);
        yield return new IkeNotifyPayload(IkeNotifyType.NatDetectionSourceIp, source);
        yield return new IkeNotifyPayload(IkeNotifyType.NatDetectionDestinationIp, IkeNatDetection.Compute(InitiatorSpi, ResponderSpi, to));
    }

    /// <summary>
    /// Learns from the peer's view of this host's address whether a NAT lies in between, and whether the address that the NAT
    /// shows has changed since the last look (RFC 4555 §3.8).
    /// </summary>
    public void LearnNat(IkeMessage message)
    {
        byte[]? view = message.Notify(IkeNotifyType.NatDetectionDestinationIp)?.Data;
        IsSeenElsewhere = view is not null && _lastView is not null && !view.AsSpan().SequenceEqual(_lastView);
        _lastView = view ?? _lastView;
        if (Hub.LocalEndpoint is not { } local || message.Notify(IkeNotifyType.NatDetectionDestinationIp) is not { } seen) return;
        IsBehindNat = !seen.Data.AsSpan().SequenceEqual(IkeNatDetection.Compute(InitiatorSpi, ResponderSpi, local));
    }

    private void RaiseEstablished(bool isRekey)
    {
        if (PeerIdentifier is not null)
            Hub.Raise(new IkeSaEstablished(PeerIdentifier, PeerIdentity, Describe(), Remote, isRekey));
    }
}
