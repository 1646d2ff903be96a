using System.Security.Cryptography;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Replaces the IKE SA by CREATE_CHILD_SA (RFC 7296 §1.3.2, §2.18) and settles collisions (§2.8.2, §2.25.2).</summary>
internal sealed class IkeRekeyTask : IkeTask
{
    private const int MaxGroupChanges = 2;

    private List<IkeAlgorithms> _offered = [];
    private IkeGroup? _group;
    private IkeKeyPair? _keyPair;
    private byte[] _nonce = [];
    private ulong _spi;
    private int _groupChanges;

    public override IkeExchangeType Exchange => IkeExchangeType.CreateChildSa;

    public override TaskStep Build(IkeSa sa, List<IkePayload> request)
    {
        if (sa.State != IkeSaState.Established || sa.Keys is null) return TaskStep.Done;
        IkeAlgorithms current = sa.Keys.Algorithms;
        _offered = IkeNegotiation.Allowed(sa.Hub.Options).OrderByDescending(s => s == current).ToList();
        _group ??= current.Group;
        if (_keyPair?.Group != _group)
        {
            _keyPair?.Dispose();
            _keyPair = _group.Generate(sa.Hub.Random);
        }

        _nonce = sa.Hub.RandomBytes(IkeNonces.Size);
        _spi = sa.Hub.NewIkeSpi();
        request.Add(IkeNegotiation.Offer(_offered, IkeProposal.SpiBytes(_spi)));
        request.Add(new IkeNoncePayload(_nonce));
        request.Add(new IkeKeyExchangePayload(_group.Id, _keyPair.Public));
        return TaskStep.NeedMore;
    }

    public override TaskStep Process(IkeSa sa, IkeMessage response, ReceivedResponse received)
    {
        if (response.Error is { } error) return ProcessError(sa, error);
        IkeSa? made = TryMake(sa, response);
        _keyPair?.Dispose();
        if (made is null)
        {
            if (!TakePeers(sa)) sa.BeginDelete(IkeCloseReason.ProtocolError);
            return TaskStep.Failed;
        }

        IkeSa? rival = sa.PeerRekey is { State: IkeSaState.Pending } peers ? peers : null;
        if (rival is not null && IkeNonces.Compare(made.LowestNonce, rival.LowestNonce) < 0)
        {
            made.DeleteUnused();
            rival.InheritFrom(sa); // the peer, which started it, deletes the old one
            return TaskStep.Done;
        }

        rival?.WaitForDeletion();
        made.InheritFrom(sa);
        sa.DeleteReplaced();
        return TaskStep.Done;
    }

    public override void Abandon(IkeSa sa) => _keyPair?.Dispose();

    private IkeSa? TryMake(IkeSa sa, IkeMessage response)
    {
        if (sa.Keys is null || _keyPair is null) return null;
        if (response.Single<IkeSaPayload>() is not { } answer || response.Single<IkeNoncePayload>() is not { } nonce) return null;
        if (response.Single<IkeKeyExchangePayload>() is not { } exchange) return null;
        if (IkeNegotiation.Accepted(_offered, answer) is not { } suite || suite.Group != _keyPair.Group || exchange.Group != suite.Group.Id) return null;
        if (answer.Proposals[0].IkeSpi is not { } peerSpi || !_keyPair.TryAgree(exchange.Data, out byte[] secret)) return null;
        var made = new IkeSa(sa.Hub, _spi, isInitiator: true, sa.Remote, IkeSaState.Pending)
        {
            RemoteSpi = peerSpi,
            Keys = sa.Keys.Rekey(suite, secret, _nonce, nonce.Data, _spi, peerSpi, isInitiator: true),
            LowestNonce = IkeNonces.Lowest(_nonce, nonce.Data),
        };
        CryptographicOperations.ZeroMemory(secret);
        made.AdoptPeerOf(sa);
        return made;
    }

    private TaskStep ProcessError(IkeSa sa, IkeNotifyPayload error)
    {
        if (error.NotifyType == IkeNotifyType.InvalidKePayload && error.Data.Length == 2 && _groupChanges++ < MaxGroupChanges)
        {
            var id = (ushort)(error.Data[0] << 8 | error.Data[1]);
            IkeGroup? wanted = _offered.Select(s => s.Group).FirstOrDefault(g => g.Id == id && g != _group);
            if (wanted is not null)
            {
                _group = wanted;
                return TaskStep.NeedMore;
            }
        }

        _keyPair?.Dispose();
        if (error.NotifyType == IkeNotifyType.InvalidSyntax)
        {
            sa.End(IkeCloseReason.ProtocolError);
            return TaskStep.CloseSession;
        }

        if (!TakePeers(sa)) sa.RetryIkeRekey();
        return TaskStep.Failed;
    }

    /// <summary>The peer finished its own rekey without noticing this one: go over to it.</summary>
    private static bool TakePeers(IkeSa sa)
    {
        if (sa.PeerRekey is not { State: IkeSaState.Pending } peers) return false;
        peers.InheritFrom(sa);
        return true;
    }
}
