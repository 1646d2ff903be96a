namespace Btmm.Protocol.NatTraversal;

/// <summary>One request that is sent, sent again, and at last given up for want of an answer. Not thread-safe.</summary>
internal sealed class Retransmission
{
    private readonly TimeSpan _startedAt;
    private readonly int _maxTries;
    private readonly Func<TimeSpan> _nextWait;

    /// <summary>Begins; the request is due.</summary>
    /// <param name="now">The time.</param>
    /// <param name="maxTries">How often to send at most.</param>
    /// <param name="nextWait">How long to wait for the answer to each try, in the order of the tries.</param>
    internal Retransmission(TimeSpan now, int maxTries, Func<TimeSpan> nextWait)
    {
        _startedAt = now;
        _maxTries = maxTries;
        _nextWait = nextWait;
        Send(now);
    }

    /// <summary>How often the request was sent, or is due to be.</summary>
    internal int Tries { get; private set; }

    /// <summary>Whether the request waits to be sent.</summary>
    internal bool IsDue { get; private set; }

    /// <summary>When the wait for the answer to the last try is over.</summary>
    internal TimeSpan NextTimeout { get; private set; }

    /// <summary>Waits that begin with <paramref name="first"/> and double.</summary>
    internal static Func<TimeSpan> Doubling(TimeSpan first)
    {
        TimeSpan next = first;
        return () =>
        {
            TimeSpan wait = next;
            next *= 2;
            return wait;
        };
    }

    /// <summary>The request was sent.</summary>
    internal void MarkSent() => IsDue = false;

    /// <summary>Whether the wait for the answer to the last try is over.</summary>
    internal bool IsOverdue(TimeSpan now) => now >= NextTimeout;

    /// <summary>Has the request sent once more; false when that was the last try.</summary>
    internal bool TryAgain(TimeSpan now)
    {
        if (Tries >= _maxTries) return false;
        Send(now);
        return true;
    }

    /// <summary>The time since the first try.</summary>
    internal TimeSpan Elapsed(TimeSpan now) => now - _startedAt;

    private void Send(TimeSpan now)
    {
        Tries++;
        IsDue = true;
        NextTimeout = now + _nextWait();
    }
}
