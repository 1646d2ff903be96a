using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <content>What is told, and when: changes, ends of subscriptions and of sessions.</content>
internal sealed partial class PushTable
{
    // How exactly the ends of silent and idle sessions are kept.
    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromSeconds(1);

    // When the service stops, its clients come again one after the other (RFC 8490 §6.6.1.1).
    private static readonly TimeSpan s_firstReturn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_returnInterval = TimeSpan.FromMilliseconds(5);

    private TimeSpan _nextSweep;

    /// <summary>When <see cref="HandleTimeout"/> has something to do; null when never.</summary>
    internal TimeSpan? NextTimeout => _connections.IsEmpty ? null : _nextSweep;

    /// <summary>A zone has changed: notes what that concerns, which takes one look for each record set. Does not send.</summary>
    internal void OnChange(ZoneChange change)
    {
        if (_index.Mark(change))
            _signal();
    }

    /// <summary>Has everything told that was noted, and ends sessions whose clients are silent or idle for too long.</summary>
    internal void HandleTimeout(TimeSpan now)
    {
        Schedule(_index.TakeMarked());
        if (now < _nextSweep)
            return;
        _nextSweep = now + s_sweepInterval;
        foreach (PushConnection connection in _connections.Values)
        {
            if (connection.With(session => session.Deadline <= now))
                connection.Peer.Abort();
        }
    }

    /// <summary>Zones, keys or their rights have changed: ends what is no longer allowed or no longer served (RFC 8490 §5.6).</summary>
    internal void Review()
    {
        foreach (PushConnection connection in _connections.Values)
            connection.RetainKeys(key => _keys.Find(key.Name.Wire) is { } present && present.Matches(key));
        var kept = new List<PushWatch>();
        var ready = new List<PushConnection>();
        foreach (PushWatch watch in _index.All())
        {
            DnsRcode verdict = Judge(watch);
            if (verdict == DnsRcode.NoError)
            {
                kept.Add(watch);
                continue;
            }

            if (watch.Connection.Revoke(watch, verdict))
                ready.Add(watch.Connection);
            _index.Remove(watch);
        }

        Ask(ready);
        Schedule(kept);
    }

    /// <summary>Ends all sessions because the service stops: asks the clients to close and to come again later.</summary>
    internal Task EndAllAsync(CancellationToken cancellationToken) => Task.WhenAll(_connections.Values.Select(
        (connection, index) => EndAsync(connection, s_firstReturn + (index * s_returnInterval), cancellationToken)));

    /// <summary>Waits until no connection has a session.</summary>
    /// <exception cref="OperationCanceledException">The time is up.</exception>
    internal async Task WaitForNoneAsync(CancellationToken cancellationToken)
    {
        foreach (PushConnection connection in _connections.Values)
            await connection.WaitForEndAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task EndAsync(PushConnection connection, TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await connection.EndAsync(DnsRcode.NoError, delay, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            connection.Peer.Abort();
        }
    }

    private DnsRcode Judge(PushWatch watch)
    {
        if (_zones.FindFor(watch.Node.Name) is not { } zone)
            return DnsRcode.NotAuth;
        if (watch.Node.Zone != zone)
            _index.Move(watch.Node, zone);
        return MayWatch(zone, watch.Connection, new DnsQuestion(watch.Node.Name, watch.Type), out TsigKey? _) ? DnsRcode.NoError : DnsRcode.Refused;
    }

    // All of a change is marked before anything of it is sent, so that it is told in one message.
    private static void Schedule(List<PushWatch> concerned)
    {
        var ready = new List<PushConnection>();
        foreach (PushWatch watch in concerned)
        {
            if (watch.Connection.Mark(watch))
                ready.Add(watch.Connection);
        }

        Ask(ready);
    }

    private static void Ask(List<PushConnection> ready)
    {
        foreach (PushConnection connection in ready)
            ThreadPool.UnsafeQueueUserWorkItem(connection, preferLocal: false);
    }
}
