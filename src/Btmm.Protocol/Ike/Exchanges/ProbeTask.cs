using System.Net;
using System.Security.Cryptography;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// One INFORMATIONAL exchange for three questions: is the peer alive (RFC 7296 §2.4), does it receive at
/// <see cref="Target"/> (RFC 4555 §3.7), and has it understood that this host moved (RFC 4555 §3.5).
/// </summary>
internal sealed class ProbeTask : IkeTask
{
    private const int CookieSize = 16;

    private byte[] _cookie = [];
    private bool _sentCookie;

    /// <summary>The endpoint to prove; null to use those known.</summary>
    public IPEndPoint? Target { get; init; }

    /// <summary>Whether to send UPDATE_SA_ADDRESSES.</summary>
    public bool HasMoved { get; init; }

    public override IkeExchangeType Exchange => IkeExchangeType.Informational;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        if (Target is not null && Target.Equals(sa.Remote)) return TaskStep.Done;
        if (!sa.SupportsMobike) return TaskStep.NeedMore; // an empty request is enough, and works with everybody
        // to a new endpoint of the peer the first initiator says so too: a strict responder follows nothing else (RFC 4555 §3.5)
        if (HasMoved || (Target is not null && sa.StartedHere)) request.Add(new IkeNotifyPayload(IkeNotifyType.UpdateSaAddresses));
        request.AddRange(sa.NatDetection(Target ?? sa.Remote));
        _cookie = sa.Hub.RandomBytes(CookieSize);
        _sentCookie = true;
        request.Add(new IkeNotifyPayload(IkeNotifyType.Cookie2, _cookie));
        return TaskStep.NeedMore;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        IkeNotifyPayload? echoed = response.Notify(IkeNotifyType.Cookie2);
        if (_sentCookie && echoed is not null && !CryptographicOperations.FixedTimeEquals(echoed.Data, _cookie))
        {
            sa.BeginDelete(IkeCloseReason.ProtocolError); // RFC 4555 §3.7: the IKE_SA MUST be closed
            return TaskStep.CloseSession;
        }

        sa.LearnNat(response);
        if (sa.IsSeenElsewhere && sa.StartedHere && !HasMoved && Target is null) sa.Enqueue(new ProbeTask { HasMoved = true });
        bool refused = response.Has(IkeNotifyType.UnacceptableAddresses) || (_sentCookie && echoed is null);
        if (Target is null || refused) return TaskStep.Done;
        if (received.SentTo.Count == 1) sa.SetRemote(Target);
        else if (received.From.Equals(sa.Remote)) sa.DropCandidate(Target);
        return TaskStep.Done;
    }
}
