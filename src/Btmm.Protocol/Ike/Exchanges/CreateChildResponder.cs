using System.Security.Cryptography;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>The responder's CREATE_CHILD_SA: rekey of a child SA, a new child SA, rekey of the IKE SA (RFC 7296 §1.3, §2.25).</summary>
internal static class CreateChildResponder
{
    public static IkeCloseReason? Respond(IkeSa sa, IkeMessage request, List<IkePayload> reply)
    {
        var offered = request.Single<IkeSaPayload>();
        var nonce = request.Single<IkeNoncePayload>();
        if (offered is null || nonce is null)
        {
            reply.Add(new IkeNotifyPayload(IkeNotifyType.InvalidSyntax));
            return IkeCloseReason.ProtocolError;
        }

        bool isIke = offered.Proposals.All(p => p.Protocol == IkeProtocolId.Ike);
        IkeNotifyPayload? refusal = isIke
            ? RekeyIke(sa, request, offered, nonce, reply)
            : MakeChild(sa, request, offered, nonce, reply);
        if (refusal is null) return null;
        reply.Clear();
        reply.Add(refusal);
        return null;
    }

    private static IkeNotifyPayload? RekeyIke(IkeSa sa, IkeMessage request, IkeSaPayload offered, IkeNoncePayload nonce, List<IkePayload> reply)
    {
        // RFC 7296 §2.25.1, §2.25.2: not while a child SA is being made or deleted, nor while this IKE SA is on its way out
        bool busy = sa.State != IkeSaState.Established || sa.PeerRekey is { State: IkeSaState.Pending }
            || sa.ActiveTask is ChildTask or DeleteChildTask or DeleteIkeTask;
        if (busy || sa.Keys is null) return Notify(IkeNotifyType.TemporaryFailure);
        if (request.Single<IkeKeyExchangePayload>() is not { } exchange) return Notify(IkeNotifyType.NoProposalChosen);
        if (IkeNegotiation.Choose(IkeNegotiation.Allowed(sa.Hub.Options), offered, exchange.Group) is not { } choice
            || choice.Proposal.IkeSpi is not { } peerSpi) return Notify(IkeNotifyType.NoProposalChosen);
        if (exchange.Group != choice.Suite.Group.Id) return WrongGroup(choice.Suite.Group);
        using IkeKeyPair pair = choice.Suite.Group.Generate(sa.Hub.Random);
        if (!pair.TryAgree(exchange.Data, out byte[] secret)) return Notify(IkeNotifyType.NoProposalChosen);

        byte[] mine = sa.Hub.RandomBytes(IkeNonces.Size);
        ulong spi = sa.Hub.NewIkeSpi();
        var made = new IkeSa(sa.Hub, spi, isInitiator: false, sa.Remote, IkeSaState.Pending)
        {
            RemoteSpi = peerSpi,
            Keys = sa.Keys.Rekey(choice.Suite, secret, nonce.Data, mine, peerSpi, spi, isInitiator: false),
            LowestNonce = IkeNonces.Lowest(nonce.Data, mine),
        };
        CryptographicOperations.ZeroMemory(secret);
        made.AdoptPeerOf(sa);
        reply.Add(IkeNegotiation.Answer(choice.Suite, choice.Proposal, IkeProposal.SpiBytes(spi)));
        reply.Add(new IkeNoncePayload(mine));
        reply.Add(new IkeKeyExchangePayload(pair.Group.Id, pair.Public));
        if (sa.ActiveTask is IkeRekeyTask) sa.PeerRekey = made; // both at once: settled when our answer comes
        else made.InheritFrom(sa);
        return null;
    }

    private static IkeNotifyPayload? MakeChild(IkeSa sa, IkeMessage request, IkeSaPayload offered, IkeNoncePayload nonce, List<IkePayload> reply)
    {
        if (sa.State != IkeSaState.Established || sa.ActiveTask is IkeRekeyTask or DeleteIkeTask || sa.PeerIdentifier is not { } peer)
            return Notify(IkeNotifyType.TemporaryFailure);
        ChildSa? old = null;
        if (request.Notify(IkeNotifyType.RekeySa) is { } rekey)
        {
            old = rekey.EspSpi is { } spi ? sa.Hub.FindChild(sa.PeerIdentity, spi) : null;
            // it may be the pair that our own request is making, whose answer is still on its way
            if (old is null && sa.ActiveTask is ChildTask) return Notify(IkeNotifyType.TemporaryFailure);
            if (old is null || old.Owner != sa || old.PeerReplacement is not null)
                return new IkeNotifyPayload(IkeNotifyType.ChildSaNotFound, null, rekey.Protocol, rekey.Spi);
            if (old.IsDeleting) return Notify(IkeNotifyType.TemporaryFailure);
        }

        if (sa.Children.Count() >= IkeSa.MaxChildren) return Notify(IkeNotifyType.NoAdditionalSas);
        if (!ChildSelectors.Cover(request, peer, sa.Hub.Options.LocalIdentifier)) return Notify(IkeNotifyType.TsUnacceptable);
        IkeNotifyPayload? refusal = Agree(sa, request, offered, nonce, old, reply, out ChildAgreement? agreed);
        if (refusal is not null || agreed is null) return refusal;
        ChildSelectors.Add(reply, peer, sa.Hub.Options.LocalIdentifier);
        ChildSa made = sa.InstallChild(agreed, old, activate: old is null && sa.CurrentChild is null);
        if (agreed.Secret is not null) CryptographicOperations.ZeroMemory(agreed.Secret);
        if (old is not null) sa.ReplacedByPeer(old, made);
        return null;
    }

    private static IkeNotifyPayload? Agree(
        IkeSa sa, IkeMessage request, IkeSaPayload offered, IkeNoncePayload nonce, ChildSa? old, List<IkePayload> reply, out ChildAgreement? agreed)
    {
        agreed = null;
        var exchange = request.Single<IkeKeyExchangePayload>();
        if (EspNegotiation.Choose(sa.Hub.Options, offered, exchange is not null, exchange?.Group ?? 0, old?.Extended) is not { } choice)
            return Notify(IkeNotifyType.NoProposalChosen);
        byte[]? secret = null;
        IkeKeyPair? pair = null;
        if (choice.Group is not null && exchange is not null)
        {
            if (exchange.Group != choice.Group.Id) return WrongGroup(choice.Group);
            pair = choice.Group.Generate(sa.Hub.Random);
            bool valid = pair.TryAgree(exchange.Data, out byte[] shared);
            pair.Dispose();
            if (!valid) return Notify(IkeNotifyType.NoProposalChosen);
            secret = shared;
        }

        agreed = new ChildAgreement
        {
            Choice = choice,
            InboundSpi = sa.Hub.NewEspSpi(),
            InitiatorNonce = nonce.Data,
            ResponderNonce = sa.Hub.RandomBytes(IkeNonces.Size),
            Secret = secret,
            StartedHere = false,
        };
        reply.Add(EspNegotiation.Answer(choice, agreed.InboundSpi));
        reply.Add(new IkeNoncePayload(agreed.ResponderNonce));
        if (pair is not null) reply.Add(new IkeKeyExchangePayload(pair.Group.Id, pair.Public));
        return null;
    }

    private static IkeNotifyPayload WrongGroup(IkeGroup wanted) =>
        new(IkeNotifyType.InvalidKePayload, [(byte)(wanted.Id >> 8), (byte)wanted.Id]);

    private static IkeNotifyPayload Notify(IkeNotifyType type) => new(type);
}
