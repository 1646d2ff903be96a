using System.Net;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// The responder's IKE_SA_INIT. In this order: well-formed, not a repetition, cookie when busy, limits, proposal, group; only then
/// a key pair and state. Nothing is kept of a request that is refused.
/// </summary>
internal sealed class InitResponder(IkeHub hub) : IDisposable
{
    private readonly CookieJar _cookies = new(hub.Random);
    private readonly List<IkeAlgorithms> _allowed = IkeNegotiation.Allowed(hub.Options);

    public void Respond(IkeHeader header, ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (header.InitiatorSpi == 0 || header.ResponderSpi != 0 || header.MessageId != 0 || !header.FromInitiator) return;
        IkeParseError error = IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out List<IkePayload> payloads, out byte offender);
        if (error == IkeParseError.UnsupportedCriticalPayload)
            Refuse(header, from, message.Length, new IkeNotifyPayload(IkeNotifyType.UnsupportedCriticalPayload, [offender]));
        if (error != IkeParseError.None) return;
        var request = new IkeMessage(header, payloads);
        if (request.Single<IkeSaPayload>() is not { } offered || request.Single<IkeNoncePayload>() is not { } nonce
            || request.Single<IkeKeyExchangePayload>() is not { } exchange) return;

        IkeSa[] halfOpen = hub.Sas.Where(sa => sa.HalfOpen is not null).ToArray();
        if (halfOpen.FirstOrDefault(sa => sa.RemoteSpi == header.InitiatorSpi && sa.HalfOpen!.From.Equals(from)) is { } known)
        {
            if (known.HalfOpen is { } state && message.SequenceEqual(state.Request)) hub.Send(from, state.Response);
            return;
        }

        if (halfOpen.Length >= hub.Options.CookieThreshold && !HasCookie(request, nonce, from))
        {
            Refuse(header, from, message.Length, new IkeNotifyPayload(IkeNotifyType.Cookie, _cookies.Make(hub.Now, header.InitiatorSpi, nonce.Data, from)));
            return;
        }

        if (halfOpen.Length >= hub.Options.MaxHalfOpen) return;
        if (halfOpen.Count(sa => sa.HalfOpen!.From.Address.Equals(from.Address)) >= hub.Options.MaxHalfOpenPerSource) return;
        Negotiate(request, offered, nonce, exchange, message, from);
    }

    public void Dispose() => _cookies.Dispose();

    private void Negotiate(
        IkeMessage request, IkeSaPayload offered, IkeNoncePayload nonce, IkeKeyExchangePayload exchange, ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (IkeNegotiation.Choose(_allowed, offered, exchange.Group) is not { } choice)
        {
            Refuse(request.Header, from, message.Length, new IkeNotifyPayload(IkeNotifyType.NoProposalChosen));
            return;
        }

        IkeGroup group = choice.Suite.Group;
        if (exchange.Group != group.Id)
        {
            Refuse(request.Header, from, message.Length, new IkeNotifyPayload(IkeNotifyType.InvalidKePayload, [(byte)(group.Id >> 8), (byte)group.Id]));
            return;
        }

        if (group.IsValidPublic(exchange.Data)) Accept(request, choice, nonce, exchange, message, from);
    }

    private void Accept(
        IkeMessage request, (IkeAlgorithms Suite, IkeProposal Proposal) choice, IkeNoncePayload nonce, IkeKeyExchangePayload exchange,
        ReadOnlySpan<byte> message, IPEndPoint from)
    {
        IkeGroup group = choice.Suite.Group;
        var sa = new IkeSa(hub, hub.NewIkeSpi(), isInitiator: false, from, IkeSaState.HalfOpen) { RemoteSpi = request.Header.InitiatorSpi };
        IkeKeyPair pair = group.Generate(hub.Random);
        byte[] mine = hub.RandomBytes(IkeNonces.Size);
        List<IkePayload> payloads =
        [
            IkeNegotiation.Answer(choice.Suite, choice.Proposal, []),
            new IkeKeyExchangePayload(group.Id, pair.Public),
            new IkeNoncePayload(mine),
            .. sa.NatDetection(from),
        ];
        byte[] response = IkeProtectedMessage.Write(sa.NewHeader(IkeExchangeType.IkeSaInit, 0, true), payloads)
            ?? throw new InvalidOperationException("the answer to IKE_SA_INIT exceeds the message limit");
        sa.LearnNat(request);
        sa.HalfOpen = new HalfOpenState
        {
            Suite = choice.Suite,
            KeyPair = pair,
            PeerPublic = exchange.Data,
            InitiatorNonce = nonce.Data,
            ResponderNonce = mine,
            Request = message.ToArray(),
            Response = response,
            From = from,
        };
        sa.EndAfter(hub.Options.HalfOpenTimeout);
        hub.Send(from, response);
    }

    private bool HasCookie(IkeMessage request, IkeNoncePayload nonce, IPEndPoint from) =>
        request.Payloads[0] is IkeNotifyPayload { NotifyType: IkeNotifyType.Cookie } cookie
        && _cookies.Verify(hub.Now, cookie.Data, request.Header.InitiatorSpi, nonce.Data, from);

    /// <summary>An answer that keeps no state and is never longer than its request.</summary>
    private void Refuse(IkeHeader request, IPEndPoint from, int requestLength, IkeNotifyPayload notify)
    {
        IkeHeader header = request with { Flags = IkeHeaderFlags.Response, Version = IkeHeader.Version2 };
        byte[]? message = IkeProtectedMessage.Write(header, [notify]);
        if (message is not null && message.Length <= requestLength) hub.Send(from, message);
    }
}
