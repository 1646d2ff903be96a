namespace Btmm.Protocol.Dns.Push;

/// <content>The records of the subscriptions, and what is due.</content>
public sealed partial class PushClientSession
{
    private readonly HashSet<PushSubscription> _settling = [];

    /// <summary>Does what is due.</summary>
    /// <param name="now">The time.</param>
    public void HandleTimeout(TimeSpan now)
    {
        if (State is PushSessionState.Idle or PushSessionState.Ended) return;
        if (_answerBy <= now)
        {
            Finish(State == PushSessionState.Establishing ? PushSessionEnd.NoAnswer : PushSessionEnd.Silent);
            return;
        }

        if (State == PushSessionState.Establishing) return;
        if (!HasOperations && _lastActivity + Timeouts.Inactivity <= now)
        {
            Finish(PushSessionEnd.Inactive); // RFC 8490 §6.4.1
            return;
        }

        Settle(now);
        if (_lastMessage + Timeouts.Keepalive <= now) SendKeepalive(now);
    }

    /// <summary>
    /// Follows subscriptions asked for with a request that every server answers: when that answer is there, so is all that the
    /// zone had for them. Call after a batch of <see cref="Subscribe"/>.
    /// </summary>
    /// <param name="now">The time.</param>
    public void Mark(TimeSpan now)
    {
        if (_uncovered.Count > 0 && State is PushSessionState.Establishing or PushSessionState.Established) SendKeepalive(now);
    }

    private void Settle(TimeSpan now)
    {
        foreach (PushSubscription subscription in _settling.Where(item => item.CompleteAt <= now).ToArray())
        {
            _settling.Remove(subscription);
            subscription.CompleteAt = null;
            _events.Enqueue(new PushEvent(PushEventKind.Complete, subscription.Question));
        }
    }

    // Nothing of a message takes effect unless all of it is well formed.
    private bool TryApply(PushReader reader)
    {
        var changes = new List<PushChange>();
        while (reader.TryRead(out PushChange? change)) changes.Add(change);
        if (reader.IsFatal) return false;
        foreach (PushChange change in changes)
        {
            // Without a subscription it is one that we have just ended (RFC 8765 §6).
            if (!_byName.TryGetValue(change.Name, out List<PushSubscription>? atName)) continue;
            foreach (PushSubscription subscription in atName.Where(static item => item.IsAccepted)) Apply(subscription, change);
        }

        return true;
    }

    private void Apply(PushSubscription subscription, PushChange change)
    {
        if (change.Kind != PushChangeKind.Add)
        {
            foreach (DnsRecord gone in subscription.Records.Where(change.Removes))
                _events.Enqueue(new PushEvent(PushEventKind.Removed, subscription.Question, gone));
            subscription.Records.RemoveAll(change.Removes);
            return;
        }

        DnsRecord record = change.Record!; // an addition has it
        if (!subscription.Matches(record)) return;
        int known = subscription.Records.FindIndex(record.IsSameAs);
        if (known >= 0)
        {
            subscription.Records[known] = record; // a new TTL
            return;
        }

        if (subscription.Records.Count == MaxRecords) return;
        subscription.Records.Add(record);
        _events.Enqueue(new PushEvent(PushEventKind.Added, subscription.Question, record));
    }
}
