using System.Net;
using System.Security.Cryptography;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// The responder's IKE_AUTH (RFC 7296 §1.2, §2.15, §2.21.2). An unknown identity, a wrong proof and a missing payload all get the
/// same answer after the same work.
/// </summary>
internal static class AuthResponder
{
    /// <summary>How long an IKE SA lives whose child SA was refused; the initiator deletes it before.</summary>
    private static readonly TimeSpan s_childless = TimeSpan.FromSeconds(10);

    public static IkeCloseReason? Respond(IkeSa sa, IkeMessage request, List<IkePayload> reply, IPEndPoint from)
    {
        if (sa.HalfOpen is not { } half || sa.Keys is null) return IkeCloseReason.ProtocolError;
        IkeHub hub = sa.Hub;
        if (hub.EstablishedCount >= hub.Options.MaxPeers || !IsProven(sa, half, request, out string name, out ReadOnlyMemory<byte> key))
        {
            reply.Add(new IkeNotifyPayload(IkeNotifyType.AuthenticationFailed));
            return IkeCloseReason.AuthenticationFailed;
        }

        sa.PeerIdentity = name;
        sa.SupportsMobike = request.Has(IkeNotifyType.MobikeSupported);
        var identity = IkeIdentificationPayload.FromHostName(false, hub.LocalIdentity);
        byte[] proof = IkePskAuthentication.Compute(
            sa.Keys.Algorithms.Prf, key.Span, half.Response, half.InitiatorNonce, sa.Keys.ResponderAuth, ConnectTask.BodyOf(identity));
        reply.Add(identity);
        reply.Add(new IkeAuthenticationPayload(IkeAuthenticationPayload.SharedKeyMic, proof));
        sa.OriginNonce = sa.LowestNonce = IkeNonces.Lowest(half.InitiatorNonce, half.ResponderNonce);
        if (RespondChild(sa, half, request, reply, out ChildAgreement? agreed) is { } refusal)
        {
            reply.Add(new IkeNotifyPayload(refusal));
            sa.KeepChildless(s_childless);
            return null;
        }

        sa.SetRemote(from); // RFC 4555 §3.3: the addresses of the IKE_AUTH request
        TimeSpan firstMessageAt = sa.CreatedAt;
        sa.Establish();
        if (agreed is not null) sa.InstallChild(agreed, null, activate: true);
        if (sa.SupportsMobike) reply.Add(new IkeNotifyPayload(IkeNotifyType.MobikeSupported));
        IkeRivals.Settle(sa, request.Has(IkeNotifyType.InitialContact), firstMessageAt);
        return null;
    }

    private static bool IsProven(IkeSa sa, HalfOpenState half, IkeMessage request, out string name, out ReadOnlyMemory<byte> key)
    {
        IkeHub hub = sa.Hub;
        name = "";
        var initiator = request.Single<IkeIdentificationPayload>(IkePayloadType.IdInitiator);
        var auth = request.Single<IkeAuthenticationPayload>();
        bool known = initiator is not null && initiator.TryGetHostName(out name) && name != hub.LocalIdentity;
        bool hasKey = hub.TryGetKey(name, out key);
        if (!hasKey) key = hub.RandomBytes(32); // the same computation as for a known identity
        var wanted = request.Single<IkeIdentificationPayload>(IkePayloadType.IdResponder);
        bool forUs = wanted is null || (wanted.TryGetHostName(out string asked) && asked == hub.LocalIdentity);
        byte[] expected = IkePskAuthentication.Compute(
            half.Suite.Prf, key.Span, half.Request, half.ResponderNonce, sa.Keys?.InitiatorAuth ?? [],
            initiator is null ? [] : ConnectTask.BodyOf(initiator));
        bool proven = CryptographicOperations.FixedTimeEquals(expected, auth?.Data ?? []);
        return known & hasKey & forUs & proven & auth?.Method == IkeAuthenticationPayload.SharedKeyMic;
    }

    private static IkeNotifyType? RespondChild(
        IkeSa sa, HalfOpenState half, IkeMessage request, List<IkePayload> reply, out ChildAgreement? agreed)
    {
        agreed = null;
        IkeHub hub = sa.Hub;
        IPAddress own = hub.Options.LocalIdentifier;
        if (ChildSelectors.Claimed(request, own) is not { } identifier || !ChildSelectors.Cover(request, identifier, own)
            || !hub.Policy.IsIdentifierAllowed(sa.PeerIdentity, identifier)) return IkeNotifyType.TsUnacceptable;
        if (request.Single<IkeSaPayload>() is not { } offered || EspNegotiation.Choose(hub.Options, offered, false, 0, null) is not { } choice)
            return IkeNotifyType.NoProposalChosen;
        sa.PeerIdentifier = identifier;
        agreed = new ChildAgreement
        {
            Choice = choice,
            InboundSpi = hub.NewEspSpi(),
            InitiatorNonce = half.InitiatorNonce,
            ResponderNonce = half.ResponderNonce,
            StartedHere = false,
        };
        reply.Add(EspNegotiation.Answer(choice, agreed.InboundSpi));
        ChildSelectors.Add(reply, identifier, own); // USE_TRANSPORT_MODE is never confirmed: tunnel mode
        return null;
    }
}
