using System.Net;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Events;
using Btmm.Protocol.Ike.Exchanges;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike;

/// <summary>
/// All IKEv2 security associations of this host (RFC 7296, RFC 4555), without sockets, clock or threads: datagrams and time
/// go in, messages and events come out. Initiator and responder at once, one child SA per peer in tunnel mode between the
/// two /128 identifiers.
/// </summary>
/// <remarks>
/// Not thread-safe. <c>now</c> is a monotonic time since an arbitrary origin and never goes back. After every call take all
/// events, then all outputs (so that an SA is installed before the peer hears of it), then call <see cref="HandleTimeout"/>
/// again at <see cref="NextTimeout"/>.
/// </remarks>
public sealed class IkeEndpoint : IDisposable
{
    /// <summary>INVALID_IKE_SPI notices per second at most (RFC 7296 §2.21.4).</summary>
    private const int NoticesPerSecond = 5;

    private readonly IkeHub _hub;
    private readonly InitResponder _initResponder;
    private TimeSpan _noticeSecond = TimeSpan.MinValue;
    private int _notices;

    /// <summary>Makes an endpoint without any SA.</summary>
    /// <param name="options">Identity, algorithms, timers.</param>
    /// <param name="policy">Who belongs to the account.</param>
    /// <param name="random">Source of nonces, SPIs and private keys: cryptographic quality in production.</param>
    public IkeEndpoint(IkeOptions options, IIkePolicy policy, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(options);
        _hub = new IkeHub(options, policy, random);
        _initResponder = new InitResponder(_hub);
    }

    /// <summary>When <see cref="HandleTimeout"/> is due next; null when nothing waits for time.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            TimeSpan? next = _hub.NextRetirement;
            foreach (IkeSa sa in _hub.Sas)
                if (sa.NextTimeout is { } due && (next is null || due < next)) next = due;
            return next;
        }
    }

    /// <summary>IKE SAs with authenticated peers.</summary>
    public int EstablishedCount => _hub.EstablishedCount;

    /// <summary>IKE SAs that this host answers and whose initiator has not been authenticated yet.</summary>
    public int HalfOpenCount => _hub.HalfOpenCount;

    /// <summary>IKE SAs whose deletion the peer has not confirmed yet.</summary>
    public int ClosingCount => _hub.Sas.Count(sa => sa.State == IkeSaState.Closing);

    /// <summary>All IKE SAs, those that only linger included: what this endpoint keeps in memory.</summary>
    public int StateCount => _hub.Sas.Count;

    /// <summary>Processes one received IKE message (without the non-ESP marker). Anything may come here; nothing throws.</summary>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message)
    {
        _hub.Now = now;
        if (!IkeHeader.TryParse(message, out IkeHeader header) || header.MajorVersion != 2) return;
        from = Normalize(from);
        if (header.Exchange == IkeExchangeType.IkeSaInit)
        {
            if (!header.IsResponse) _initResponder.Respond(header, message, from);
            else if (!header.FromInitiator) _hub.Find(header.InitiatorSpi)?.HandleInitResponse(header, message, from);
            return;
        }

        IkeSa? sa = _hub.Find(header.FromInitiator ? header.ResponderSpi : header.InitiatorSpi);
        if (sa is not null && sa.IsInitiator != header.FromInitiator && sa.InitiatorSpi == header.InitiatorSpi && sa.ResponderSpi == header.ResponderSpi)
            sa.HandleMessage(header, message, from);
        else if (sa is null && !header.IsResponse)
            TellUnknown(header, message.Length, from);
    }

    /// <summary>Does what is due: retransmissions, lifetimes, liveness.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        _hub.Now = now;
        foreach (IkeSa sa in _hub.Sas.ToArray())
            if (sa.NextTimeout <= now) sa.HandleTimeout();
        _hub.RetireDue();
    }

    /// <summary>Takes the next message to send.</summary>
    public bool TryTakeOutput(out IkeOutput output) => _hub.TryTakeOutput(out output);

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IkeEvent? happened) => _hub.TryTakeEvent(out happened);

    /// <summary>Starts an IKE SA and a child SA with a peer; does nothing when one is up or coming up (but learns its endpoint).</summary>
    public void Connect(TimeSpan now, IkePeer peer)
    {
        _hub.Now = now;
        string identity = IkeIdentificationPayload.Normalize(peer.Identity);
        IPEndPoint endpoint = Normalize(peer.Endpoint);
        _hub.SetRecord(peer.Identifier, endpoint);
        IkeSa? existing = _hub.Sas.FirstOrDefault(sa =>
            sa.PeerIdentity == identity && peer.Identifier.Equals(sa.PeerIdentifier) && sa.State is IkeSaState.Established or IkeSaState.Connecting);
        if (existing is not null)
        {
            existing.TryEndpoint(endpoint);
            if (existing.IsUsable) existing.CreateChild();
            return;
        }

        var fresh = new IkeSa(_hub, _hub.NewIkeSpi(), isInitiator: true, endpoint, IkeSaState.Connecting)
        {
            PeerIdentity = identity,
            PeerIdentifier = peer.Identifier,
        };
        fresh.Enqueue(new ConnectTask(fresh));
    }

    /// <summary>Deletes all SAs with a peer: children at once, the IKE SA when the peer confirms or does not answer.</summary>
    public void Close(TimeSpan now, IPAddress peer)
    {
        _hub.Now = now;
        foreach (IkeSa sa in Of(peer)) sa.BeginDelete(IkeCloseReason.LocalRequest);
        _hub.SetRecord(peer, null);
    }

    /// <summary>Renews the ESP keys with a peer. False when there is no child SA.</summary>
    public bool RekeyChild(TimeSpan now, IPAddress peer)
    {
        _hub.Now = now;
        IkeSa? sa = Of(peer).FirstOrDefault(sa => sa.CurrentChild is not null);
        if (sa?.CurrentChild is not { } child) return false;
        sa.RekeyChild(child);
        return true;
    }

    /// <summary>Renews the IKE keys with a peer. False when there is no IKE SA.</summary>
    public bool RekeyIke(TimeSpan now, IPAddress peer)
    {
        _hub.Now = now;
        IkeSa? sa = Of(peer).FirstOrDefault(sa => sa.IsUsable);
        sa?.RekeyIke();
        return sa is not null;
    }

    /// <summary>Asks a peer for a sign of life unless a request is under way. False when there is no IKE SA.</summary>
    public bool CheckLiveness(TimeSpan now, IPAddress peer)
    {
        _hub.Now = now;
        IkeSa? sa = Of(peer).FirstOrDefault(sa => sa.IsUsable);
        sa?.CheckLiveness(suspected: false);
        return sa is not null;
    }

    /// <summary>
    /// This host's network changed: requests under way are repeated at once, and each peer is told by UPDATE_SA_ADDRESSES
    /// (RFC 4555 §3.5).
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="local">This host's address and port as it knows them itself; null when unknown.</param>
    public void UpdateAddresses(TimeSpan now, IPEndPoint? local)
    {
        _hub.Now = now;
        _hub.LocalEndpoint = local is null ? null : Normalize(local);
        foreach (IkeSa sa in _hub.Sas.ToArray()) sa.LocalMoved();
    }

    /// <summary>
    /// Tells where a peer's records say it is. A different endpoint is tried at once, and taken when the peer answers from it;
    /// it is kept until <see cref="Close"/> and tried again when paths change.
    /// </summary>
    public void SetPeerEndpoint(TimeSpan now, IPAddress peer, IPEndPoint endpoint)
    {
        _hub.Now = now;
        endpoint = Normalize(endpoint);
        _hub.SetRecord(peer, endpoint);
        foreach (IkeSa sa in Of(peer)) sa.TryEndpoint(endpoint);
    }

    /// <summary>
    /// Tells that an authentic, newest ESP packet of a peer came from another endpoint (RFC 7296 §2.23): it is checked for
    /// return routability and then taken.
    /// </summary>
    public void ReportPeerMoved(TimeSpan now, IPAddress peer, IPEndPoint from)
    {
        _hub.Now = now;
        IkeSa? sa = Of(peer).FirstOrDefault(sa => sa.IsUsable);
        sa?.Hear();
        sa?.TryEndpoint(Normalize(from));
    }

    /// <summary>Tells that an authentic ESP packet came on a child SA, which also proves that the peer receives on it.</summary>
    public void ReportInbound(TimeSpan now, uint inboundSpi)
    {
        _hub.Now = now;
        if (_hub.FindChild(inboundSpi) is { IsGone: false } child) child.Owner.HeardOn(child);
    }

    /// <summary>Snapshots of all established IKE SAs.</summary>
    public IReadOnlyList<IkeSaInfo> GetSas() => _hub.Sas.Where(sa => sa.IsUsable).Select(sa => sa.Describe()).ToList();

    /// <summary>Zeroes all keys; sends nothing.</summary>
    public void Dispose()
    {
        foreach (IkeSa sa in _hub.Sas.ToArray()) sa.Release();
        _initResponder.Dispose();
    }

    private IkeSa[] Of(IPAddress peer) => _hub.Sas
        .Where(sa => peer.Equals(sa.PeerIdentifier) && sa.State is IkeSaState.Established or IkeSaState.Connecting)
        .ToArray();

    private static IPEndPoint Normalize(IPEndPoint endpoint) =>
        endpoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endpoint.Address.MapToIPv4(), endpoint.Port) : endpoint;

    /// <summary>INVALID_IKE_SPI to whoever speaks on an SA that this host has not (RFC 7296 §2.21.4): rarely, and never longer than asked.</summary>
    private void TellUnknown(IkeHeader header, int length, IPEndPoint from)
    {
        if (_noticeSecond == TimeSpan.MinValue || _hub.Now - _noticeSecond >= TimeSpan.FromSeconds(1))
        {
            _noticeSecond = _hub.Now;
            _notices = 0;
        }

        IkeHeaderFlags flags = IkeHeaderFlags.Response | (header.FromInitiator ? IkeHeaderFlags.None : IkeHeaderFlags.Initiator);
        byte[]? notice = IkeProtectedMessage.Write(
            header with { Flags = flags, Version = IkeHeader.Version2 }, [new IkeNotifyPayload(IkeNotifyType.InvalidIkeSpi)]);
        if (notice is null || notice.Length > length || _notices++ >= NoticesPerSecond) return;
        _hub.Send(from, notice);
    }
}
