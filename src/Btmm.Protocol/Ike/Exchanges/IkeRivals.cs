using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Settles what happens to other IKE SAs with a peer when a new one is established by IKE_AUTH.</summary>
/// <remarks>
/// INITIAL_CONTACT (RFC 7296 §2.4) ends the SAs that the peer has forgotten: those on which nothing authentic came since the new
/// SA's first message. An SA that was alive after that cannot have been forgotten by whoever sent it: then both sides
/// connected at once, and both decide alike which SA goes: of two that different sides started, the one with the lowest nonce, as for
/// rekeys (§2.8.1); of two that the same side started, the older. The loser's starter deletes it after a moment, so that the
/// winner is in use before; its child still receives for the usual grace.
/// </remarks>
internal static class IkeRivals
{
    private static readonly TimeSpan s_starterWaits = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_otherWaits = TimeSpan.FromSeconds(15);

    public static void Settle(IkeSa fresh, bool initialContact, TimeSpan firstMessageAt)
    {
        IkeSa[] others = fresh.Hub.Sas
            .Where(sa => sa != fresh && sa.PeerIdentity == fresh.PeerIdentity)
            .Where(sa => sa.State is IkeSaState.Established or IkeSaState.Connecting)
            .ToArray();
        IkeSa winner = fresh;
        foreach (IkeSa other in others)
        {
            if (other.State == IkeSaState.Connecting)
            {
                // nothing that the peer has proven depends on it yet; once IKE_AUTH is under way it may be established there
                if (other.ActiveTask is ConnectTask { IsInitAccepted: false }) other.End(IkeCloseReason.Redundant);
                continue;
            }

            bool forgotten = initialContact && other.LastHeard <= firstMessageAt;
            if (forgotten || !Equals(other.PeerIdentifier, fresh.PeerIdentifier)) other.End(IkeCloseReason.PeerRestarted);
            else winner = Better(winner, other);
        }

        foreach (IkeSa other in others.Append(fresh))
            if (other != winner && other.IsUsable) other.EndAsRedundant(other.StartedHere ? s_starterWaits : s_otherWaits);
        if (winner != fresh) Prefer(winner);
    }

    private static void Prefer(IkeSa winner)
    {
        if (winner.CurrentChild is { } child) winner.Activate(child);
        if (winner.PeerIdentifier is { } peer) winner.Hub.Raise(new PeerEndpointChanged(peer, winner.Remote));
    }

    private static IkeSa Better(IkeSa a, IkeSa b)
    {
        if (a.StartedHere == b.StartedHere) return a.EstablishedAt >= b.EstablishedAt ? a : b;
        return IkeNonces.Compare(a.OriginNonce, b.OriginNonce) > 0 ? a : b;
    }
}
