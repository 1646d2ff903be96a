using System.Net;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Ike;

/// <summary>
/// All IKEv2 security associations of this host (RFC 7296, RFC 4555), without sockets, clock or threads: datagrams and time
/// go in, messages and events come out. Initiator and responder at once, one child SA per peer in tunnel mode between the
/// two /128 identifiers.
/// </summary>
/// <remarks>
/// Not thread-safe. <c>now</c> is a monotonic time since an arbitrary origin and never goes back. After every call take all
/// outputs and events, then call <see cref="HandleTimeout"/> again at <see cref="NextTimeout"/>.
/// </remarks>
public sealed partial class IkeEndpoint : IDisposable
{
    /// <summary>Makes an endpoint without any SA.</summary>
    /// <param name="options">Identity, algorithms, timers.</param>
    /// <param name="policy">Who belongs to the account.</param>
    /// <param name="random">Source of nonces, SPIs and private keys: cryptographic quality in production.</param>
    public IkeEndpoint(IkeOptions options, IIkePolicy policy, IRandomSource random)
    {
        throw new NotImplementedException();
    }

    /// <summary>When <see cref="HandleTimeout"/> is due next; null when nothing waits for time.</summary>
    public TimeSpan? NextTimeout => throw new NotImplementedException();

    /// <summary>IKE SAs with authenticated peers.</summary>
    public int EstablishedCount => throw new NotImplementedException();

    /// <summary>IKE SAs that this host answers and whose initiator has not been authenticated yet.</summary>
    public int HalfOpenCount => throw new NotImplementedException();

    /// <summary>Processes one received IKE message (without the non-ESP marker). Anything may come here; nothing throws.</summary>
    public void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message) => throw new NotImplementedException();

    /// <summary>Does what is due: retransmissions, lifetimes, liveness.</summary>
    public void HandleTimeout(TimeSpan now) => throw new NotImplementedException();

    /// <summary>Takes the next message to send.</summary>
    public bool TryTakeOutput(out IkeOutput output) => throw new NotImplementedException();

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IkeEvent? happened) => throw new NotImplementedException();

    /// <summary>Starts an IKE SA and a child SA with a peer; does nothing when one is up or coming up (but learns its endpoint).</summary>
    public void Connect(TimeSpan now, IkePeer peer) => throw new NotImplementedException();

    /// <summary>Deletes all SAs with a peer: children at once, the IKE SA when the peer confirms or does not answer.</summary>
    public void Close(TimeSpan now, IPAddress peer) => throw new NotImplementedException();

    /// <summary>Renews the ESP keys with a peer. False when there is no child SA.</summary>
    public bool RekeyChild(TimeSpan now, IPAddress peer) => throw new NotImplementedException();

    /// <summary>Renews the IKE keys with a peer. False when there is no IKE SA.</summary>
    public bool RekeyIke(TimeSpan now, IPAddress peer) => throw new NotImplementedException();

    /// <summary>Asks a peer for a sign of life unless a request is under way. False when there is no IKE SA.</summary>
    public bool CheckLiveness(TimeSpan now, IPAddress peer) => throw new NotImplementedException();

    /// <summary>
    /// This host's network changed: requests under way are repeated at once, and each peer is told by UPDATE_SA_ADDRESSES
    /// (RFC 4555 §3.5).
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="local">This host's address and port as it knows them itself; null when unknown.</param>
    public void UpdateAddresses(TimeSpan now, IPEndPoint? local) => throw new NotImplementedException();

    /// <summary>
    /// Tells where a peer's records say it is. A different endpoint is tried at once, and taken when the peer answers from it.
    /// </summary>
    public void SetPeerEndpoint(TimeSpan now, IPAddress peer, IPEndPoint endpoint) => throw new NotImplementedException();

    /// <summary>
    /// Tells that an authentic, newest ESP packet of a peer came from another endpoint (RFC 7296 §2.23): it is checked for
    /// return routability and then taken.
    /// </summary>
    public void ReportPeerMoved(TimeSpan now, IPAddress peer, IPEndPoint from) => throw new NotImplementedException();

    /// <summary>Tells that an authentic ESP packet came on a child SA, which also proves that the peer receives on it.</summary>
    public void ReportInbound(TimeSpan now, uint inboundSpi) => throw new NotImplementedException();

    /// <summary>Snapshots of all established IKE SAs.</summary>
    public IReadOnlyList<IkeSaInfo> GetSas() => throw new NotImplementedException();

    /// <summary>Zeroes all keys; sends nothing.</summary>
    public void Dispose() => throw new NotImplementedException();
}
