using System.Collections.Concurrent;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;
using Btmm.Server.Zones;

namespace Btmm.Server.Push;

/// <summary>
/// DNS Push Notifications (RFC 8765): the sessions of all connections, what they subscribe to, and who may. What it tells and when
/// is in the other part. Thread-safe; the messages of one connection come one after the other.
/// </summary>
internal sealed partial class PushTable
{
    // What is granted, whatever is asked for. A keepalive costs next to nothing, but a radio of the client has to be woken for it.
    private static readonly TimeSpan s_longestInactivity = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_shortestKeepalive = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_longestKeepalive = TimeSpan.FromHours(1); // RFC 8490 §6.5.2

    private readonly ConcurrentDictionary<IStreamPeer, PushConnection> _connections = new();
    private readonly PushIndex _index;
    private readonly ZoneDirectory _zones;
    private readonly ITsigKeyRing _keys;
    private readonly ZoneServiceLimits _limits;
    private readonly ServiceClock _clock;
    private readonly ServerMetrics _metrics;
    private readonly Action _signal;

    /// <summary>Makes an empty table.</summary>
    /// <param name="zones">The zones.</param>
    /// <param name="keys">The keys that there are.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="signal">Makes <see cref="HandleTimeout"/> be called soon.</param>
    internal PushTable(ZoneDirectory zones, ITsigKeyRing keys, ZoneServiceLimits limits, ServiceClock clock, ServerMetrics metrics, Action signal)
    {
        _zones = zones;
        _keys = keys;
        _limits = limits;
        _clock = clock;
        _metrics = metrics;
        _signal = signal;
        _index = new PushIndex(limits);
    }

    /// <summary>Subscriptions.</summary>
    internal int Count => _index.Count;

    /// <summary>Connections with a session, or on the way to one.</summary>
    internal int ConnectionCount => _connections.Count;

    /// <summary>The session of a connection, when it has one.</summary>
    internal PushConnection? Find(IStreamPeer peer) => _connections.GetValueOrDefault(peer);

    /// <summary>Takes a key as proven on a connection; false when that is no longer possible.</summary>
    internal bool TryAuthorize(IStreamPeer peer, TsigKey key) => Open(peer).TryAuthorize(key);

    /// <summary>Takes a DSO message that came over a connection; what there is to say is sent.</summary>
    /// <exception cref="OperationCanceledException">The connection has ended, or the client does not take what is sent.</exception>
    internal async ValueTask HandleAsync(ReadOnlyMemory<byte> bytes, IStreamPeer peer, CancellationToken cancellationToken)
    {
        PushConnection connection = Open(peer);
        TimeSpan now = _clock.Now;
        PushRequest request = connection.With(session => session.HandleMessage(now, bytes.Span));
        switch (request.Kind)
        {
            case PushRequestKind.Keepalive:
                byte[] timeouts = Grant(connection, request, now);
                await connection.AnswerAsync(timeouts, isKeepalive: true, cancellationToken).ConfigureAwait(false);
                break;
            case PushRequestKind.Subscribe:
                await SubscribeAsync(connection, request, cancellationToken).ConfigureAwait(false);
                break;
            case PushRequestKind.Unsubscribe:
                End(connection, request.Id);
                break;
            case PushRequestKind.Reconfirm:
                _metrics.Add(ServerCount.Reconfirmations); // the zone is what it is (RFC 8765 §6.5)
                break;
            case PushRequestKind.Reject:
                _metrics.Add(ServerCount.Malformed);
                byte[] answer = DsoMessages.Response(request.Id, request.Rcode, PushRetry.After(request.Rcode), request.IsPadded);
                await connection.AnswerAsync(answer, isKeepalive: false, cancellationToken).ConfigureAwait(false);
                break;
            case PushRequestKind.Abort:
                _metrics.Add(ServerCount.Malformed);
                peer.Abort();
                break;
        }
    }

    private PushConnection Open(IStreamPeer peer)
    {
        if (_connections.TryGetValue(peer, out PushConnection? known))
            return known;
        var connection = new PushConnection(peer, _clock, _metrics);
        _connections[peer] = connection; // the messages of a connection come one by one
        peer.Closed.UnsafeRegister(static state =>
        {
            (PushTable table, PushConnection closed) = ((PushTable, PushConnection))state!;
            table.Close(closed);
        }, (this, connection));
        _signal();
        return connection;
    }

    private void Close(PushConnection connection)
    {
        _connections.TryRemove(connection.Peer, out _);
        foreach (PushWatch watch in connection.Watches)
            End(connection, watch.Id);
    }

    private void End(PushConnection connection, ushort id)
    {
        if (connection.Remove(id) is { } watch)
            _index.Remove(watch);
    }

    private static byte[] Grant(PushConnection connection, PushRequest request, TimeSpan now)
    {
        TimeSpan inactivity = Clamp(request.Wanted.Inactivity, TimeSpan.Zero, s_longestInactivity);
        TimeSpan keepalive = Clamp(request.Wanted.Keepalive, s_shortestKeepalive, s_longestKeepalive);
        connection.With(session => session.SetTimeouts(now, DsoTimeouts.From(inactivity, keepalive)));
        Establish(connection);
        return DsoMessages.Keepalive(request.Id, connection.With(static session => session.Timeouts), isResponse: true, request.IsPadded);
    }

    private static void Establish(PushConnection connection)
    {
        bool isFirst = connection.With(static session => !session.IsEstablished);
        connection.With(static session => session.Establish());
        if (isFirst)
            connection.Peer.HoldOpen(); // its timers end it from now on (RFC 8490 §5.2)
    }

    private async ValueTask SubscribeAsync(PushConnection connection, PushRequest request, CancellationToken cancellationToken)
    {
        DnsQuestion question = request.Question!; // a subscription has one
        DnsRcode rcode = Judge(connection, question, out Zone? zone, out TsigKey? key);
        PushWatch? watch = null;
        if (rcode == DnsRcode.NoError)
        {
            bool hasRoom = connection.WatchCount < _limits.MaxPushSubscriptionsPerConnection;
            watch = hasRoom ? _index.Add(connection, request.Id, question, zone!, key) : null; // a good verdict names the zone
            rcode = watch is null ? DnsRcode.ServFail : rcode;
        }

        if (watch is null)
        {
            _metrics.Add(rcode is DnsRcode.Refused or DnsRcode.NotAuth ? ServerCount.Refused : ServerCount.SubscriptionsTurnedAway);
            connection.With(session => session.Drop(request.Id));
            TimeSpan retryAfter = rcode == DnsRcode.ServFail ? _limits.PushRetryAfter : PushRetry.After(rcode);
            byte[] refusal = DsoMessages.Response(request.Id, rcode, retryAfter, request.IsPadded);
            await connection.AnswerAsync(refusal, isKeepalive: false, cancellationToken).ConfigureAwait(false);
            return;
        }

        connection.Add(watch);
        if (connection.Peer.Closed.IsCancellationRequested)
            Close(connection); // it may have been looked through before
        Establish(connection);
        await connection.AnswerAsync(DsoMessages.Response(request.Id, rcode, isPadded: request.IsPadded), isKeepalive: false, cancellationToken).ConfigureAwait(false);
        connection.Mark(watch, isAnswered: true);
        await connection.TellAsync(cancellationToken).ConfigureAwait(false);
    }

    // Whether the name exists is told only to those who may read it; that it does not exist is no reason to refuse (RFC 8765 §6.2.1).
    private DnsRcode Judge(PushConnection connection, DnsQuestion question, out Zone? zone, out TsigKey? key)
    {
        key = null;
        zone = _zones.FindFor(question.Name);
        if (question.Type is DnsType.None or DnsType.OPT || (ushort)question.Type is >= 128 and < 255)
            return DnsRcode.FormErr; // of these no zone has records
        if (zone is null || question.Class is not (DnsClass.IN or DnsClass.ANY))
            return DnsRcode.NotAuth;
        return MayWatch(zone, connection, question, out key) ? DnsRcode.NoError : DnsRcode.Refused;
    }

    private static bool MayWatch(Zone zone, PushConnection connection, DnsQuestion question, out TsigKey? key)
    {
        key = null;
        if (AccessPolicy.MayRead(zone, key: null, question.Name, question.Type))
            return true;
        foreach (TsigKey proven in connection.Keys)
        {
            if (!AccessPolicy.MayRead(zone, proven, question.Name, question.Type))
                continue;
            key = proven;
            return true;
        }

        return false;
    }

    private static TimeSpan Clamp(TimeSpan? wanted, TimeSpan shortest, TimeSpan longest) =>
        wanted is not { } time || time > longest ? longest : time < shortest ? shortest : time;
}
