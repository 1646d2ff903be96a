using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Deletes one child SA (RFC 7296 §1.4.1).</summary>
internal sealed class DeleteChildTask(ChildSa child) : IkeTask
{
    public ChildSa Child { get; } = child;

    public override IkeExchangeType Exchange => IkeExchangeType.Informational;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        if (Child.IsGone) return TaskStep.Done;
        request.Add(new IkeDeletePayload(IkeProtocolId.Esp, [Child.InboundSpi]));
        return TaskStep.NeedMore;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        Child.Owner.ChildIsGone(Child);
        return TaskStep.Done;
    }
}
