using System.Security.Cryptography;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Makes a child SA by CREATE_CHILD_SA: to replace one (<see cref="Old"/>), or from scratch (RFC 7296 §1.3.1, §1.3.3, §2.8).</summary>
internal sealed class ChildTask(ChildSa? old) : IkeTask
{
    private const int MaxGroupChanges = 2;

    private IkeGroup? _group;
    private IkeKeyPair? _keyPair;
    private byte[] _nonce = [];
    private uint _spi;
    private bool _extended;
    private int _groupChanges;

    public ChildSa? Old { get; } = old;

    public override IkeExchangeType Exchange => IkeExchangeType.CreateChildSa;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        if (sa.PeerIdentifier is null) return TaskStep.Done;
        if (Old is not null && (Old.IsGone || Old.IsReplaced || Old.IsDeleting)) return TaskStep.Done;
        if (Old is null && sa.CurrentChild is not null) return TaskStep.Done;
        _group ??= sa.Hub.Options.PerfectForwardSecrecy ? sa.Keys?.Algorithms.Group : null;
        if (_group is not null && _keyPair?.Group != _group)
        {
            _keyPair?.Dispose();
            _keyPair = _group.Generate(sa.Hub.Random);
        }

        _nonce = sa.Hub.RandomBytes(IkeNonces.Size);
        _spi = sa.Hub.NewEspSpi();
        _extended = Old?.Extended ?? sa.Hub.OffersExtended(sa.PeerIdentity);
        if (Old is not null) request.Add(IkeNotifyPayload.ForEsp(IkeNotifyType.RekeySa, Old.InboundSpi));
        request.Add(EspNegotiation.Offer(sa.Hub.Options, _spi, _group, _extended));
        request.Add(new IkeNoncePayload(_nonce));
        if (_keyPair is not null) request.Add(new IkeKeyExchangePayload(_keyPair.Group.Id, _keyPair.Public));
        ChildSelectors.Add(request, sa.Hub.Options.LocalIdentifier, sa.PeerIdentifier);
        return TaskStep.NeedMore;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        if (response.Error is { } error) return ProcessError(sa, error);
        ChildAgreement? agreed = Agree(sa, response);
        _keyPair?.Dispose();
        if (agreed is null)
        {
            sa.BeginDelete(IkeCloseReason.ProtocolError);
            return TaskStep.CloseSession;
        }

        Complete(sa, agreed);
        if (agreed.Secret is not null) CryptographicOperations.ZeroMemory(agreed.Secret);
        return TaskStep.Done;
    }

    public override void Abandon(IkeSa sa) => _keyPair?.Dispose();

    private ChildAgreement? Agree(IkeSa sa, IkeMessage response)
    {
        if (response.Single<IkeSaPayload>() is not { } answer || response.Single<IkeNoncePayload>() is not { } nonce) return null;
        if (EspNegotiation.Accepted(sa.Hub.Options, answer, _group, _extended) is not { } choice) return null;
        if (!ChildSelectors.AreExactly(response, sa.Hub.Options.LocalIdentifier, sa.PeerIdentifier)) return null;
        byte[]? secret = null;
        if (choice.Group is not null)
        {
            if (response.Single<IkeKeyExchangePayload>() is not { } exchange || exchange.Group != choice.Group.Id) return null;
            if (_keyPair is null || _keyPair.Group != choice.Group || !_keyPair.TryAgree(exchange.Data, out byte[] shared)) return null;
            secret = shared;
        }

        return new ChildAgreement
        {
            Choice = choice,
            InboundSpi = _spi,
            InitiatorNonce = _nonce,
            ResponderNonce = nonce.Data,
            Secret = secret,
            StartedHere = true,
        };
    }

    /// <summary>Decides between this pair and one that the peer made meanwhile (RFC 7296 §2.8.1).</summary>
    private void Complete(IkeSa sa, ChildAgreement agreed)
    {
        ChildSa? rival = Old?.PeerReplacement is { IsGone: false } made ? made : null;
        byte[] mine = IkeNonces.Lowest(agreed.InitiatorNonce, agreed.ResponderNonce);
        bool loses = rival is not null && IkeNonces.Compare(mine, rival.LowestNonce) < 0;
        ChildSa child = sa.InstallChild(agreed, Old, activate: !loses);
        if (loses && rival is not null)
        {
            // the peer may not have our answer to its rekey yet: its deletion of the old pair says when to send on the rival
            child.IsReplaced = true;
            sa.DeleteChild(child);
            if (Old is { IsGone: false }) sa.MarkReplaced(Old);
            return;
        }

        sa.Activate(child);
        if (rival is not null) sa.MarkReplaced(rival); // its starter, the peer, deletes it
        if (Old is null || Old.IsGone) return;
        Old.IsReplaced = true;
        sa.DeleteChild(Old);
    }

    private TaskStep ProcessError(IkeSa sa, IkeNotifyPayload error)
    {
        switch (error.NotifyType)
        {
            case IkeNotifyType.InvalidKePayload when error.Data.Length == 2 && _groupChanges++ < MaxGroupChanges:
                IkeGroup? wanted = IkeGroup.ById((ushort)(error.Data[0] << 8 | error.Data[1]));
                if (wanted is null || wanted == _group) break;
                _group = wanted;
                return TaskStep.NeedMore;
            case IkeNotifyType.ChildSaNotFound when Old is not null:
                ChildNotFound(sa, Old);
                return TaskStep.Failed;
            case IkeNotifyType.InvalidSyntax:
                sa.End(IkeCloseReason.ProtocolError);
                return TaskStep.CloseSession;
        }

        _keyPair?.Dispose();
        if (Old is null)
        {
            if (error.NotifyType == IkeNotifyType.TemporaryFailure) sa.RetryChildCreation();
            else sa.BeginDelete(error.NotifyType == IkeNotifyType.TsUnacceptable ? IkeCloseReason.TrafficSelectorsUnacceptable : IkeCloseReason.NoProposalChosen);
            return TaskStep.Failed;
        }

        if (Old.PeerReplacement is { IsGone: false }) sa.MarkReplaced(Old); // the peer's rekey stands, it will delete the old pair
        else if (!Old.IsGone) sa.RetryChildRekey(Old);
        return TaskStep.Failed;
    }

    /// <summary>The peer has no such pair (RFC 7296 §2.25): unless it replaced the pair itself, make one from scratch.</summary>
    private static void ChildNotFound(IkeSa sa, ChildSa old)
    {
        bool replaced = old.PeerReplacement is not null;
        if (!old.IsGone) sa.ChildIsGone(old);
        if (!replaced && sa.CurrentChild is null) sa.Enqueue(new ChildTask(null));
    }
}
