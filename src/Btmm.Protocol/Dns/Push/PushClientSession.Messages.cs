using System.Buffers.Binary;
using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Dns.Push;

/// <content>What the server says.</content>
public sealed partial class PushClientSession
{
    /// <summary>Takes a message from the server.</summary>
    /// <param name="now">The time.</param>
    /// <param name="message">The message, without its length.</param>
    /// <returns>False when it is no DSO message, so that the driver has to look at it.</returns>
    public bool HandleMessage(TimeSpan now, ReadOnlySpan<byte> message)
    {
        if (State is PushSessionState.Idle or PushSessionState.Ended) return true;
        if (!DnsHeader.TryRead(message, out DnsHeader header))
        {
            Finish(PushSessionEnd.ProtocolError);
            return true;
        }

        _lastMessage = now;
        if (header.Opcode != DnsOpcode.Dso)
        {
            _lastActivity = now;
            if (!DnsMessage.TryParse(message, out DnsMessage? ordinary) || !DsoRules.IsForbidden(ordinary.Edns)) return false;
            Finish(PushSessionEnd.ProtocolError);
            return true;
        }

        DsoKind kind = DsoMessageView.KindOf(header);
        if (DsoMessageView.TryRead(message, out DsoMessageView view) != DsoParseError.None)
        {
            // Only a request can be answered (RFC 8490 §5.4).
            if (kind == DsoKind.Request) Answer(now, header.Id, DnsRcode.FormErr);
            else Finish(PushSessionEnd.ProtocolError);
            return true;
        }

        if (kind == DsoKind.Response) HandleResponse(now, view);
        else if (kind == DsoKind.Request) HandleRequest(now, view);
        else if (kind != DsoKind.Unidirectional || State != PushSessionState.Established || !TryHandleUnidirectional(now, view)) Finish(PushSessionEnd.ProtocolError);
        return true;
    }

    /// <summary>A server has no request that we know: all of ours are unidirectional when it sends them, or not for it to send.</summary>
    private void HandleRequest(TimeSpan now, DsoMessageView view)
    {
        bool isKnown = view.Primary!.Value.Type is DsoType.Keepalive or DsoType.RetryDelay
            or DsoType.Subscribe or DsoType.Push or DsoType.Unsubscribe or DsoType.Reconfirm;
        if (isKnown) Finish(PushSessionEnd.ProtocolError); // RFC 8490 §5.4.1, §7.1, RFC 8765 §6.2-6.5
        else Answer(now, view.Header.Id, DnsRcode.DsoTypeNI, view.Count(DsoType.EncryptionPadding, out _) > 0);
    }

    private void Answer(TimeSpan now, ushort id, DnsRcode rcode, bool isPadded = false) =>
        Send(now, DsoMessages.Response(id, rcode, isPadded: isPadded));

    private bool TryHandleUnidirectional(TimeSpan now, DsoMessageView view)
    {
        DsoTlv primary = view.Primary!.Value; // a unidirectional message has one
        switch (primary.Type)
        {
            case DsoType.Keepalive:
                return DsoTimeouts.TryRead(view.DataOf(primary), out DsoTimeouts timeouts) && TryTakeTimeouts(timeouts);
            case DsoType.RetryDelay when BinaryPrimitives.TryReadUInt32BigEndian(view.DataOf(primary), out uint delay) && primary.Length == sizeof(uint):
                Finish(PushSessionEnd.RetryDelay, view.Header.Rcode, TimeSpan.FromMilliseconds(delay));
                return true;
            case DsoType.Push:
                _lastActivity = now;
                return TryApply(new PushReader(view, primary));
            default:
                return false;
        }
    }

    private bool TryTakeTimeouts(DsoTimeouts timeouts)
    {
        if (timeouts.KeepaliveMilliseconds < DsoTimeouts.MinKeepaliveMilliseconds) return false; // RFC 8490 §6.5.2
        Timeouts = timeouts;
        return true;
    }

    private void HandleResponse(TimeSpan now, DsoMessageView view)
    {
        ushort id = view.Header.Id;
        int delays = view.Count(DsoType.RetryDelay, out DsoTlv delay);
        bool isWrong = view.Primary is { Type: DsoType.Push or DsoType.Unsubscribe or DsoType.Reconfirm } // RFC 8765 §6.3-6.5
            || delays > 1
            || (delays == 1 && delay.Length != sizeof(uint));
        TimeSpan? retryAfter = delays == 1 && !isWrong ? TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32BigEndian(view.DataOf(delay))) : null;
        if (isWrong) Finish(PushSessionEnd.ProtocolError);
        else if (_keepalives.Remove(id, out List<PushSubscription>? covered)) HandleKeepalive(now, view, covered);
        else if (_byId.TryGetValue(id, out PushSubscription? subscription)) HandleSubscription(now, view.Header.Rcode, subscription, retryAfter);
        else if (!_forgotten.Contains(id)) Finish(PushSessionEnd.ProtocolError); // RFC 8490 §5.5.2
        if (_keepalives.Count == 0 && _unanswered == 0) _answerBy = null;
        else if (State == PushSessionState.Established) _answerBy = now + s_answerTime;
    }

    private void HandleKeepalive(TimeSpan now, DsoMessageView view, List<PushSubscription> covered)
    {
        if (view.Header.Rcode != DnsRcode.NoError)
        {
            Finish(State == PushSessionState.Establishing ? PushSessionEnd.NotSupported : PushSessionEnd.ProtocolError, view.Header.Rcode);
            return;
        }

        // RFC 8490 §7.1: exactly one, and first.
        bool isGood = view.Count(DsoType.Keepalive, out DsoTlv tlv) == 1 && view.Primary == tlv
            && DsoTimeouts.TryRead(view.DataOf(tlv), out DsoTimeouts timeouts) && TryTakeTimeouts(timeouts);
        if (!isGood)
        {
            Finish(PushSessionEnd.ProtocolError);
            return;
        }

        Establish(now);
        foreach (PushSubscription subscription in covered.Where(item => item.IsAccepted && _byId.GetValueOrDefault(item.Id) == item))
        {
            subscription.CompleteAt = now + s_settleTime;
            _settling.Add(subscription);
        }
    }

    private void HandleSubscription(TimeSpan now, DnsRcode rcode, PushSubscription subscription, TimeSpan? retryAfter)
    {
        _lastActivity = now;
        if (rcode == DnsRcode.NoError && subscription.IsAccepted)
        {
            Finish(PushSessionEnd.ProtocolError); // RFC 8765 §6.2: exactly one response
            return;
        }

        if (!subscription.IsAccepted) _unanswered--;
        if (rcode == DnsRcode.NoError)
        {
            subscription.IsAccepted = true;
            Establish(now);
            _events.Enqueue(new PushEvent(PushEventKind.Subscribed, subscription.Question));
            return;
        }

        // Refused now, or accepted before and ended by the server (RFC 8490 §5.6).
        Forget(subscription, isIdKept: false);
        _events.Enqueue(new PushEvent(PushEventKind.Refused, subscription.Question, Rcode: rcode, RetryAfter: retryAfter ?? PushRetry.After(rcode)));
    }

    private void Establish(TimeSpan now)
    {
        if (State != PushSessionState.Establishing) return;
        State = PushSessionState.Established;
        _events.Enqueue(new PushEvent(PushEventKind.Established));
        foreach (ushort id in _toUnsubscribe) Send(now, PushMessages.Unsubscribe(id));
        _toUnsubscribe.Clear();
    }

    private void Finish(PushSessionEnd end, DnsRcode rcode = DnsRcode.NoError, TimeSpan retryAfter = default)
    {
        if (State == PushSessionState.Ended) return;
        State = PushSessionState.Ended;
        End = end;
        _answerBy = null;
        _outputs.Clear();
        _events.Enqueue(new PushEvent(PushEventKind.Ended, Rcode: rcode, RetryAfter: retryAfter));
    }
}
