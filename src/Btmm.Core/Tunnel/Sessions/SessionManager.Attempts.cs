using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>When tunnels are built, built again, checked and renewed.</summary>
public sealed partial class SessionManager
{
    private TimeSpan _nextPoll;

    /// <summary>Does everything that is due, applies what IKE decided, and sets the timer.</summary>
    private void Advance()
    {
        TimeSpan now = Now;
        if (_ike.NextTimeout <= now) _ike.HandleTimeout(now);
        if (!_closing)
        {
            Poll(now);
            foreach (PeerSession session in _sessions.Values.ToArray()) Attempt(session, now);
        }

        ApplyEvents();
        while (_ike.TryTakeOutput(out IkeOutput output)) Send(output);
        if (_closing && _ike.ClosingCount == 0) _allClosed?.TrySetResult();
        Rearm(now);
    }

    private void Rearm(TimeSpan now)
    {
        TimeSpan? due = _ike.NextTimeout;
        foreach (PeerSession session in _sessions.Values)
        {
            if (_closing) break;
            if (session.HasSession) due = Earlier(due, _nextPoll);
            else if (IsWaitingToRetry(session, now)) due = Earlier(due, session.NextAttemptAt);
        }

        // timers count whole milliseconds: never wake up just before the time
        TimeSpan wait = due is { } at ? TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling((at - now).TotalMilliseconds))) : Timeout.InfiniteTimeSpan;
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private static bool IsWaitingToRetry(PeerSession session, TimeSpan now) =>
        session.WantedUntil > now && session.RecordEndpoint is not null && session.NextAttemptAt > now;

    private void UpdatePeer(TunnelPeer peer)
    {
        if (_sessions.TryGetValue(peer.Identifier, out PeerSession? known) && known.Name != SessionPolicy.Normalize(peer.Name)) Drop(known);
        PeerSession session = SessionOf(peer.Identifier, peer.Name);
        session.IsListed = true;
        if (Equals(session.RecordEndpoint, peer.Endpoint)) return;
        session.RecordEndpoint = peer.Endpoint;
        if (peer.Endpoint is null) return;
        _ike.SetPeerEndpoint(Now, peer.Identifier, peer.Endpoint);
        RetryNow(session);
    }

    private void Want(IPAddress peer)
    {
        if (_closing || !_sessions.TryGetValue(peer, out PeerSession? session)) return;
        session.WantedUntil = Now + _options.WantedFor;
        Attempt(session, Now);
    }

    private static void RetryNow(PeerSession session)
    {
        session.NextAttemptAt = TimeSpan.MinValue;
        session.RetryDelay = TimeSpan.Zero;
    }

    /// <summary>Starts a connection when one is wanted, possible and due.</summary>
    private void Attempt(PeerSession session, TimeSpan now)
    {
        if (_closing || session.HasSession || session.WantedUntil <= now) return;
        if (session.RecordEndpoint is not { } endpoint)
        {
            SetState(session, TunnelState.WaitingForEndpoint);
            return;
        }

        if (session.NextAttemptAt > now) return;
        SetState(session, TunnelState.Connecting);
        _ike.Connect(now, new IkePeer { Identifier = session.Identifier, Identity = session.Name, Endpoint = endpoint });
    }

    /// <summary>After an IKE SA ended: back to rest, or to the next attempt.</summary>
    private void AfterClose(PeerSession session, IkeCloseReason reason, bool wasEstablished)
    {
        session.LastReason = reason;
        session.TunnelEndpoint = null;
        session.SaPacketsIn.Clear();
        bool failed = !wasEstablished || reason is IkeCloseReason.Unresponsive or IkeCloseReason.ProtocolError or IkeCloseReason.Expired;
        if (failed)
        {
            session.NextAttemptAt = wasEstablished ? Now : Now + Later(session);
            SetState(session, TunnelState.Failed, reason);
        }
        else
        {
            if (reason is IkeCloseReason.PeerRequest) session.NextAttemptAt = Now + Later(session);
            SetState(session, TunnelState.Idle, reason);
        }

        if (!session.IsListed) _sessions.Remove(session.Identifier);
        else Attempt(session, Now);
    }

    private TimeSpan Later(PeerSession session)
    {
        TimeSpan delay = session.RetryDelay == TimeSpan.Zero ? _options.RetryDelay : session.RetryDelay * 2;
        session.RetryDelay = delay < _options.MaxRetryDelay ? delay : _options.MaxRetryDelay;
        return session.RetryDelay;
    }

    private void Drop(PeerSession session)
    {
        _sessions.Remove(session.Identifier);
        _ike.Close(Now, session.Identifier);
    }

    private void ShareIdentifiers() => _table.SetPeers(_sessions.Keys.ToArray());

    /// <summary>Looks at the packet path's counters: who was heard, who is sent to without ever answering, what is used up.</summary>
    /// <remarks>
    /// When a peer falls silent it is asked once, even with nothing to send to it: a NAT on the way may have lost the flow that
    /// its packets came by, and ours make a new one, which the peer then follows.
    /// </remarks>
    private void Poll(TimeSpan now)
    {
        if (now < _nextPoll) return;
        _nextPoll = now + _options.PollInterval;
        foreach (IkeSaInfo sa in _ike.GetSas())
        {
            if (!_sessions.TryGetValue(sa.Peer, out PeerSession? session)) continue;
            bool heard = PollSas(session, sa, now);
            if (_table.GetPeerTraffic(sa.Peer) is not { } traffic) continue;
            bool sent = traffic.PacketsOut > session.PacketsOut;
            bool received = traffic.PacketsIn > session.PacketsIn;
            if (sent || received) session.WantedUntil = now + _options.WantedFor;
            session.PacketsOut = traffic.PacketsOut;
            session.PacketsIn = traffic.PacketsIn;
            TimeSpan silence = traffic.SinceLastInbound is { } since && since < now - sa.LastHeard ? since : now - sa.LastHeard;
            if (heard) session.IsSilenceChecked = false;
            if (heard || silence < _options.OneWayTrafficLimit || (session.IsSilenceChecked && !sent)) continue;
            session.IsSilenceChecked = true;
            _ike.CheckLiveness(now, sa.Peer);
        }
    }

    private bool PollSas(PeerSession session, IkeSaInfo sa, TimeSpan now)
    {
        bool heard = false;
        foreach (uint spi in sa.ChildSpis)
        {
            if (_table.GetSaTraffic(spi) is not { } traffic) continue;
            if (traffic.PacketsIn > session.SaPacketsIn.GetValueOrDefault(spi))
            {
                session.SaPacketsIn[spi] = traffic.PacketsIn;
                _ike.ReportInbound(now, spi);
                heard = true;
            }

            if (traffic.IsSending && traffic.BytesIn + traffic.BytesOut > _options.ChildByteLimit) _ike.RekeyChild(now, sa.Peer);
        }

        return heard;
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan b) => a is null || b < a ? b : a;
}
