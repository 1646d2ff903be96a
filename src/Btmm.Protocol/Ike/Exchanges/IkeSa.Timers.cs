namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>What happens by itself: repetitions, lifetimes, liveness, the end of leftovers.</summary>
internal sealed partial class IkeSa
{
    /// <summary>How long a deleted SA answers repeated requests.</summary>
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(10);

    /// <summary>How long a replaced IKE SA waits for the peer to delete it.</summary>
    private static readonly TimeSpan s_replacedFor = TimeSpan.FromSeconds(30);

    private TimeSpan? _rekeyAt;
    private TimeSpan? _expireAt;
    private TimeSpan? _endAt;
    private TimeSpan? _redundantAt;
    private TimeSpan? _createChildAt;

    /// <summary>When this SA needs <see cref="HandleTimeout"/> next.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            TimeSpan? next = _endAt;
            if (_outstanding is { } request) next = Earlier(next, Min(request.RetransmitAt, request.GiveUpAt));
            if (State != IkeSaState.Established) return next;
            next = Earlier(Earlier(Earlier(Earlier(next, _rekeyAt), _expireAt), _redundantAt), _createChildAt);
            if (_outstanding is null && Hub.Options.LivenessInterval > TimeSpan.Zero) next = Earlier(next, LastHeard + Hub.Options.LivenessInterval);
            foreach (ChildSa child in Children)
            {
                next = Earlier(next, child.DeleteAt);
                if (child.IsReplaced || child.IsDeleting) continue;
                next = Earlier(Earlier(next, child.RekeyAt), child.ExpireAt);
            }

            return next;
        }
    }

    public void HandleTimeout()
    {
        RetransmitDue();
        if (State is IkeSaState.Closed) return;
        if (_endAt <= Hub.Now)
        {
            EndLeftover();
            return;
        }

        if (State != IkeSaState.Established) return;
        if (_redundantAt <= Hub.Now) BeginDelete(IkeCloseReason.Redundant);
        else if (_expireAt <= Hub.Now) BeginDelete(IkeCloseReason.Expired);
        else if (_rekeyAt <= Hub.Now) RekeyIke();
        if (State != IkeSaState.Established) return;
        if (_createChildAt <= Hub.Now) CreateChild();
        ChildrenDue();
        if (_outstanding is null && Hub.Options.LivenessInterval > TimeSpan.Zero && Hub.Now - LastHeard >= Hub.Options.LivenessInterval)
            CheckLiveness(suspected: false);
    }

    /// <summary>Rekeys this IKE SA now.</summary>
    public void RekeyIke()
    {
        _rekeyAt = null;
        if (State != IkeSaState.Established || Tasks.Any(t => t is IkeRekeyTask)) return;
        Enqueue(new IkeRekeyTask());
    }

    /// <summary>Tries a rekey again after the peer had no time for it: a little later, at random so that both do not meet again.</summary>
    public void RetryIkeRekey() => _rekeyAt = Hub.Now + RetryDelay();

    /// <summary>The same for a child SA.</summary>
    public void RetryChildRekey(ChildSa child) => child.RekeyAt = Hub.Now + RetryDelay();

    /// <summary>The same for making a child SA from scratch.</summary>
    public void RetryChildCreation() => _createChildAt = Hub.Now + RetryDelay();

    /// <summary>Makes a child SA from scratch unless there is one or one is on its way.</summary>
    public void CreateChild()
    {
        _createChildAt = null;
        if (CurrentChild is null && !Tasks.Any(t => t is ChildTask)) Enqueue(new ChildTask(null));
    }

    /// <summary>Ends this SA by itself at a time unless something else ends it before.</summary>
    public void EndAfter(TimeSpan delay) => _endAt = Hub.Now + delay;

    /// <summary>Deletes this SA after a while because another one with the peer stays.</summary>
    public void EndAsRedundant(TimeSpan delay) => _redundantAt ??= Hub.Now + delay;

    private TimeSpan RetryDelay() => TimeSpan.FromSeconds(1) + Hub.RandomPart(TimeSpan.FromSeconds(4));

    private void StartLifetime()
    {
        _endAt = null;
        _rekeyAt = Hub.Now + Hub.Jittered(Hub.Options.IkeLifetime);
        _expireAt = Hub.Now + Hub.Options.IkeLifetime * 1.25;
    }

    private void ChildrenDue()
    {
        foreach (ChildSa child in Children.ToArray())
        {
            if (child.DeleteAt <= Hub.Now) DeleteChild(child);
            if (child.IsReplaced || child.IsDeleting || child.IsGone) continue;
            if (child.ExpireAt <= Hub.Now)
            {
                BeginDelete(IkeCloseReason.Expired);
                return;
            }

            if (child.RekeyAt > Hub.Now) continue;
            child.RekeyAt = child.ExpireAt;
            RekeyChild(child);
        }
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null ? b : b is null ? a : a < b ? a : b;
}
