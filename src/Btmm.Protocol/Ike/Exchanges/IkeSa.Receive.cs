using System.Net;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Receipt of messages: authenticity, order, repetition (RFC 7296 §2.1–2.3).</summary>
internal sealed partial class IkeSa
{
    private uint _expectedRequestId;
    private byte[]? _lastResponse;

    /// <summary>Sets the id of the peer's next request: 2 after IKE_AUTH on a responder.</summary>
    public void ExpectRequest(uint id) => _expectedRequestId = id;

    /// <summary>Takes a response to IKE_SA_INIT: not protected, so only the endpoint asked may give it.</summary>
    public void HandleInitResponse(IkeHeader header, ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (State != IkeSaState.Connecting || _outstanding is not { Task: ConnectTask { Exchange: IkeExchangeType.IkeSaInit } } request) return;
        if (!request.SentTo.Contains(from)) return;
        IkeParseError error = IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out List<IkePayload> payloads, out _);
        if (error != IkeParseError.None) return;
        Answered(request, new IkeMessage(header, payloads), from, message.ToArray());
    }

    /// <summary>Takes any other message for this SA.</summary>
    public void HandleMessage(IkeHeader header, ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (Keys is null && !TryDeriveHalfOpenKeys(header)) return;
        if (Keys is null) return;
        if (!IkeProtectedMessage.TryOpen(header, message, Keys.Receive, out IkeMessage opened, out IkeParseError error, out byte offender))
        {
            if (header.IsResponse && IsInvalidSpiNotice(header, message)) HintStateLost();
            return;
        }

        if (header.IsResponse) HandleResponse(opened, error, from);
        else HandleRequest(opened, error, offender, from);
    }

    private void HandleResponse(IkeMessage response, IkeParseError error, IPEndPoint from)
    {
        if (_outstanding is not { } request || response.Header.MessageId != request.MessageId) return;
        if (response.Header.Exchange != request.Task.Exchange) return;
        Hear();
        _suspected = false;
        if (error != IkeParseError.None)
        {
            End(IkeCloseReason.ProtocolError);
            return;
        }

        if (State == IkeSaState.Established && !from.Equals(Remote)) AnsweredFromElsewhere(request, from);
        Answered(request, response, from, []);
    }

    private void HandleRequest(IkeMessage request, IkeParseError error, byte offender, IPEndPoint from)
    {
        uint id = request.Header.MessageId;
        if (_lastResponse is not null && id == _expectedRequestId - 1)
        {
            Hub.Send(from, _lastResponse); // repeated: the response was lost or is late
            return;
        }

        if (id != _expectedRequestId || State is IkeSaState.Lingering or IkeSaState.Closed) return;
        if ((State == IkeSaState.HalfOpen) != (request.Header.Exchange == IkeExchangeType.IkeAuth)) return;
        if (State == IkeSaState.Connecting) return;
        Hear();
        List<IkePayload> reply = [];
        IkeCloseReason? end = null;
        if (error == IkeParseError.UnsupportedCriticalPayload)
            reply.Add(new IkeNotifyPayload(IkeNotifyType.UnsupportedCriticalPayload, [offender]));
        else if (error != IkeParseError.None)
            end = Refuse(reply);
        else
            end = Respond(request, reply, from);
        Reply(request.Header, reply, from);
        if (end is { } reason) End(reason);
        else if (State == IkeSaState.Established) HeardRequestFrom(from);
        Pump();
    }

    private static IkeCloseReason Refuse(List<IkePayload> reply)
    {
        reply.Add(new IkeNotifyPayload(IkeNotifyType.InvalidSyntax));
        return IkeCloseReason.ProtocolError;
    }

    private IkeCloseReason? Respond(IkeMessage request, List<IkePayload> reply, IPEndPoint from) => request.Header.Exchange switch
    {
        IkeExchangeType.IkeAuth => AuthResponder.Respond(this, request, reply, from),
        IkeExchangeType.CreateChildSa => CreateChildResponder.Respond(this, request, reply),
        IkeExchangeType.Informational => InformationalResponder.Respond(this, request, reply, from),
        _ => Refuse(reply),
    };

    private void Reply(IkeHeader request, List<IkePayload> payloads, IPEndPoint to)
    {
        _lastResponse = Seal(request.Exchange, request.MessageId, true, payloads);
        _expectedRequestId = request.MessageId + 1;
        Hub.Send(to, _lastResponse);
    }

    /// <summary>On a half-open SA: the one Diffie-Hellman computation, at the first IKE_AUTH.</summary>
    private bool TryDeriveHalfOpenKeys(IkeHeader header)
    {
        if (State != IkeSaState.HalfOpen || HalfOpen is not { } half) return false;
        if (header.Exchange != IkeExchangeType.IkeAuth || header.IsResponse || header.MessageId != 1) return false;
        if (!half.KeyPair.TryAgree(half.PeerPublic, out byte[] secret)) return false;
        Keys = IkeKeys.Derive(half.Suite, secret, half.InitiatorNonce, half.ResponderNonce, InitiatorSpi, ResponderSpi, isInitiator: false);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(secret);
        _expectedRequestId = 1;
        return true;
    }

    private static bool IsInvalidSpiNotice(IkeHeader header, ReadOnlySpan<byte> message) =>
        header.NextPayload == IkePayloadType.Notify
        && IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out List<IkePayload> payloads, out _) == IkeParseError.None
        && payloads is [IkeNotifyPayload { NotifyType: IkeNotifyType.InvalidIkeSpi }];
}
