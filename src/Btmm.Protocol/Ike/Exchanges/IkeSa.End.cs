using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Replacement and end of IKE SAs.</summary>
internal sealed partial class IkeSa
{
    /// <summary>Turns a fresh SA that came from a rekey over to use: it inherits peer, children and work of the old one.</summary>
    public void InheritFrom(IkeSa old)
    {
        State = IkeSaState.Established;
        EstablishedAt = Hub.Now;
        old.Successor = this;
        foreach (ChildSa child in old.Children.ToArray()) child.Owner = this;
        foreach (IkeTask task in old._queue.ToArray())
            if (task is not (IkeRekeyTask or DeleteIkeTask)) _queue.Add(task);
        old._queue.RemoveAll(t => t is not DeleteIkeTask);
        _candidate = old._candidate;
        _fastUntil = old._fastUntil;
        _redundantAt = old._redundantAt;
        old._redundantAt = null;
        StartLifetime();
        RaiseEstablished(isRekey: true);
        old.State = IkeSaState.Replaced;
        old._endAt = Hub.Now + s_replacedFor;
        Pump();
    }

    /// <summary>Copies what the peer has proven, for an SA made by a rekey.</summary>
    public void AdoptPeerOf(IkeSa old)
    {
        PeerIdentity = old.PeerIdentity;
        PeerIdentifier = old.PeerIdentifier;
        SupportsMobike = old.SupportsMobike;
        IsBehindNat = old.IsBehindNat;
        OriginNonce = old.OriginNonce;
        StartedHere = old.StartedHere;
        State = IkeSaState.Pending;
    }

    /// <summary>Deletes the SA at the peer's: the children go at once (or gracefully when another SA stays), the SA when the peer confirms.</summary>
    public void BeginDelete(IkeCloseReason reason)
    {
        if (State is IkeSaState.Closing or IkeSaState.Lingering or IkeSaState.Closed) return;
        if (State is IkeSaState.Connecting or IkeSaState.HalfOpen)
        {
            End(reason);
            return;
        }

        bool announced = State == IkeSaState.Established;
        State = IkeSaState.Closing;
        DropChildren(reason);
        foreach (IkeTask task in _queue) task.Abandon(this);
        _queue.Clear();
        if (_outstanding is { } waiting) waiting.GiveUpAt = Min(waiting.GiveUpAt, Hub.Now + s_deleteTimeout);
        if (announced && PeerIdentifier is not null) RaiseClosed(reason, wasEstablished: true);
        Enqueue(new DeleteIkeTask(reason));
    }

    /// <summary>Queues the deletion of an SA that has been replaced; it must be the last request on it (RFC 7296 §2.8).</summary>
    public void DeleteReplaced() => Enqueue(new DeleteIkeTask(IkeCloseReason.Replaced));

    /// <summary>Takes down an SA whose peer is authenticated but with which no child SA could be made.</summary>
    public void EstablishForDeletion(IkeCloseReason reason)
    {
        State = IkeSaState.Closing;
        RaiseClosed(reason, wasEstablished: false);
        Enqueue(new DeleteIkeTask(reason), first: true);
    }

    /// <summary>The responder's twin: the initiator is authenticated, its child SA was refused; it is expected to delete the SA.</summary>
    public void KeepChildless(TimeSpan delay)
    {
        State = IkeSaState.Closing;
        _endAt = Hub.Now + delay;
    }

    /// <summary>Deletes an SA of this side's rekey that lost against the peer's; nobody has heard of it.</summary>
    public void DeleteUnused()
    {
        State = IkeSaState.Closing;
        Enqueue(new DeleteIkeTask(IkeCloseReason.Redundant));
    }

    /// <summary>An SA of the peer's rekey lost: the peer deletes it.</summary>
    public void WaitForDeletion() => _endAt = Hub.Now + s_replacedFor;

    /// <summary>Ends the SA without asking the peer. It lingers when there is a response that the peer may ask for again.</summary>
    public void End(IkeCloseReason reason)
    {
        if (State is IkeSaState.Lingering or IkeSaState.Closed) return;
        IkeSaState was = State;
        State = _lastResponse is null ? IkeSaState.Closed : IkeSaState.Lingering;
        foreach (IkeTask task in Tasks) task.Abandon(this);
        _queue.Clear();
        _outstanding = null;
        _endAt = Hub.Now + s_linger;
        _rekeyAt = _expireAt = _redundantAt = null;
        DropChildren(reason);
        if (PeerRekey is { State: IkeSaState.Pending } orphan) orphan.End(reason);
        if (was is IkeSaState.Connecting or IkeSaState.Established)
            RaiseClosed(reason, was == IkeSaState.Established);
        if (State == IkeSaState.Closed) Release();
    }

    /// <summary>Forgets everything and zeroes the keys.</summary>
    public void Release()
    {
        State = IkeSaState.Closed;
        foreach (IkeTask task in Tasks) task.Abandon(this);
        Hub.Remove(this);
        Keys?.Dispose();
        HalfOpen?.Dispose();
        HalfOpen = null;
    }

    private void RaiseClosed(IkeCloseReason reason, bool wasEstablished)
    {
        if (PeerIdentifier is null) return;
        bool isLast = !Hub.Sas.Any(sa =>
            sa != this && sa.PeerIdentity == PeerIdentity && (sa.State is IkeSaState.Established or IkeSaState.Connecting));
        Hub.Raise(new IkeSaClosed(PeerIdentifier, reason, LocalSpi, wasEstablished, isLast));
    }

    private void EndLeftover()
    {
        if (State == IkeSaState.Lingering) Release();
        else End(State == IkeSaState.Replaced ? IkeCloseReason.Replaced : IkeCloseReason.Unresponsive);
    }

    private void DropChildren(IkeCloseReason reason)
    {
        foreach (ChildSa child in Children.ToArray())
        {
            child.IsGone = true;
            Hub.Retire(child, reason == IkeCloseReason.Redundant ? Hub.Options.ReplacedChildGrace : TimeSpan.Zero);
        }
    }
}
