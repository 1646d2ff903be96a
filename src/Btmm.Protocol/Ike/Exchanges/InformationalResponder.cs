using System.Net;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>The responder's INFORMATIONAL: deletions, liveness, MOBIKE (RFC 7296 §1.4, RFC 4555 §3.5, §3.7).</summary>
internal static class InformationalResponder
{
    public static IkeCloseReason? Respond(IkeSa sa, IkeMessage request, List<IkePayload> reply, IPEndPoint from)
    {
        foreach (IkeDeletePayload delete in request.Payloads.OfType<IkeDeletePayload>())
        {
            if (delete.Protocol == IkeProtocolId.Ike) return DeleteIke(sa, reply);
            if (delete.Protocol == IkeProtocolId.Esp) DeleteChildren(sa, delete, reply);
        }

        if (request.Error?.NotifyType is IkeNotifyType.InvalidSyntax) return IkeCloseReason.ProtocolError;
        if (request.Error?.NotifyType is IkeNotifyType.AuthenticationFailed) return IkeCloseReason.AuthenticationFailed;
        if (request.Notify(IkeNotifyType.Cookie2) is { Data.Length: <= IkeLimits.MaxCookie } cookie)
            reply.Add(new IkeNotifyPayload(IkeNotifyType.Cookie2, cookie.Data));
        bool asksForNat = request.Has(IkeNotifyType.NatDetectionSourceIp) || request.Has(IkeNotifyType.NatDetectionDestinationIp);
        if (!asksForNat) return null;
        sa.LearnNat(request);
        reply.AddRange(sa.NatDetection(from));
        return null;
    }

    private static IkeCloseReason? DeleteIke(IkeSa sa, List<IkePayload> reply)
    {
        reply.Clear(); // the answer to the deletion of an IKE SA is empty (RFC 7296 §1.4.1)
        // the peer finished its own rekey without noticing ours: go over to it, forget ours (RFC 7296 §2.8.2)
        if (sa.State == IkeSaState.Established && sa.PeerRekey is { State: IkeSaState.Pending } peers) peers.InheritFrom(sa);
        return sa.State == IkeSaState.Replaced ? IkeCloseReason.Replaced : IkeCloseReason.PeerRequest;
    }

    private static void DeleteChildren(IkeSa sa, IkeDeletePayload delete, List<IkePayload> reply)
    {
        List<uint> ours = [];
        foreach (uint spi in delete.Spis)
        {
            if (sa.Hub.FindChild(sa.PeerIdentity, spi) is not { } child) continue;
            bool crossing = child.IsDeleting; // both delete it: the answer names no SPI (RFC 7296 §1.4.1)
            child.Owner.ChildIsGone(child);
            if (!crossing) ours.Add(child.InboundSpi);
        }

        if (ours.Count > 0) reply.Add(new IkeDeletePayload(IkeProtocolId.Esp, ours));
    }
}
