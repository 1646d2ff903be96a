using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Deletes the IKE SA itself (RFC 7296 §1.4.1); the last request on it.</summary>
internal sealed class DeleteIkeTask(IkeCloseReason reason) : IkeTask
{
    public IkeCloseReason Reason { get; } = reason;

    public override IkeExchangeType Exchange => IkeExchangeType.Informational;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        request.Add(IkeDeletePayload.IkeSa);
        return TaskStep.NeedMore;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        sa.End(Reason);
        return TaskStep.CloseSession;
    }
}
