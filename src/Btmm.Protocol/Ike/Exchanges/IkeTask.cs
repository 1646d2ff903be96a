using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// One thing that this side wants of the peer: builds a request, processes its response. The IKE SA's manager owns message
/// ids, the window of one, and retransmission.
/// </summary>
internal abstract class IkeTask
{
    public abstract IkeExchangeType Exchange { get; }

    /// <summary>Adds the request's payloads; anything but NeedMore means that there is nothing to send.</summary>
    public abstract TaskStep Build(IkeSa sa, List<IkePayload> request);

    /// <summary>Processes an authentic response (for IKE_SA_INIT: a plausible one).</summary>
    public abstract TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received);

    /// <summary>The IKE SA ends before the task does.</summary>
    public virtual void Abandon(IkeSa sa)
    {
    }
}
