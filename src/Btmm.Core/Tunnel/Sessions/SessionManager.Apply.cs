using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>Carries IKE's decisions into the packet path and tells the watchers.</summary>
public sealed partial class SessionManager
{
    private void OnPathEvent(PacketPathEvent happened)
    {
        switch (happened)
        {
            case PacketPathEvent.TunnelWanted wanted:
                Want(wanted.Peer);
                break;
            case PacketPathEvent.PeerMoved moved:
                _ike.ReportPeerMoved(Now, moved.Peer, moved.From);
                break;
            case PacketPathEvent.FirstPacket first:
                _ike.ReportInbound(Now, first.InboundSpi);
                break;
            case PacketPathEvent.SequenceNearlyExhausted exhausted:
                _ike.RekeyChild(Now, exhausted.Peer);
                break;
        }
    }

    private void ApplyEvents()
    {
        while (_ike.TryTakeEvent(out IkeEvent? happened))
        {
            switch (happened)
            {
                case ChildSaEstablished made:
                    Install(made);
                    break;
                case ChildSaActivated active:
                    _table.ActivateOutbound(active.InboundSpi);
                    break;
                case ChildSaDeleted gone:
                    Remove(gone);
                    break;
                case PeerEndpointChanged moved:
                    OnMoved(moved);
                    break;
                case IkeSaEstablished { IsRekey: true } rekeyed when _sessions.TryGetValue(rekeyed.Peer, out PeerSession? session):
                    Tell(session, TunnelEventKind.IkeRekeyed);
                    break;
                case IkeSaEstablished established:
                    SessionOf(established.Peer, established.Identity).LastReason = null;
                    break;
                case PeerSilent silent when _sessions.TryGetValue(silent.Peer, out PeerSession? session) && session.State == TunnelState.Up:
                    SetState(session, TunnelState.Unresponsive);
                    break;
                case PeerResponsive back when _sessions.TryGetValue(back.Peer, out PeerSession? session) && session.State == TunnelState.Unresponsive:
                    SetState(session, TunnelState.Up);
                    break;
                case IkeSaClosed closed when _sessions.TryGetValue(closed.Peer, out PeerSession? session) && closed.IsLast:
                    AfterClose(session, closed.Reason, closed.WasEstablished);
                    break;
            }
        }
    }

    private void Install(ChildSaEstablished made)
    {
        PeerSession session = SessionOf(made.Peer, "");
        var pair = new ChildSaPair { Peer = made.Peer, Local = made.Local, Inbound = made.Inbound, Outbound = made.Outbound };
        _table.Install(pair, made.Endpoint, made.ActivateOutbound);
        Clear(made.Inbound);
        Clear(made.Outbound);
        session.TunnelEndpoint = made.Endpoint;
        RetryNow(session);
        bool isRekey = made.Replaces is not null && session.State is TunnelState.Up or TunnelState.Unresponsive;
        SetState(session, TunnelState.Up);
        if (isRekey) Tell(session, TunnelEventKind.ChildRekeyed);
    }

    private void Remove(ChildSaDeleted gone)
    {
        _table.Remove(gone.InboundSpi);
        if (!_sessions.TryGetValue(gone.Peer, out PeerSession? session)) return;
        session.SaPacketsIn.Remove(gone.InboundSpi);
        bool hasChild = _ike.GetSas().Any(sa => sa.Peer.Equals(gone.Peer) && sa.ChildSpis.Count > 0);
        // the IKE SA may stay without its child: the next packet then makes a new one
        if (!hasChild && session.State is TunnelState.Up or TunnelState.Unresponsive) SetState(session, TunnelState.Idle);
    }

    private void OnMoved(PeerEndpointChanged moved)
    {
        _table.SetEndpoint(moved.Peer, moved.Endpoint);
        if (!_sessions.TryGetValue(moved.Peer, out PeerSession? session) || moved.Endpoint.Equals(session.TunnelEndpoint)) return;
        session.TunnelEndpoint = moved.Endpoint;
        Tell(session, TunnelEventKind.EndpointChanged);
    }

    private PeerSession SessionOf(IPAddress identifier, string name)
    {
        if (_sessions.TryGetValue(identifier, out PeerSession? session)) return session;
        session = new PeerSession(identifier, SessionPolicy.Normalize(name), _time.GetUtcNow());
        _sessions.Add(identifier, session);
        return session;
    }

    private void SetState(PeerSession session, TunnelState state, IkeCloseReason? reason = null)
    {
        if (session.State == state) return;
        session.State = state;
        session.Since = _time.GetUtcNow();
        Tell(session, TunnelEventKind.StateChanged, reason);
    }

    private void Tell(PeerSession session, TunnelEventKind kind, IkeCloseReason? reason = null) => _events.Writer.TryWrite(new TunnelEvent
    {
        At = _time.GetUtcNow(),
        Kind = kind,
        Peer = session.Identifier,
        Name = session.Name,
        State = session.State,
        Endpoint = session.TunnelEndpoint ?? session.RecordEndpoint,
        Reason = reason,
    });

    private TunnelStatus Describe(PeerSession session, IkeSaInfo? sa)
    {
        PeerTraffic? traffic = _table.GetPeerTraffic(session.Identifier);
        TimeSpan? silence = sa is null ? traffic?.SinceLastInbound : Now - sa.LastHeard;
        if (traffic?.SinceLastInbound < silence) silence = traffic.SinceLastInbound;
        return new TunnelStatus
        {
            Peer = session.Identifier,
            Name = session.Name,
            State = session.State,
            Since = session.Since,
            Endpoint = session.TunnelEndpoint ?? session.RecordEndpoint,
            IkeSa = sa,
            LastHeard = silence is { } ago ? _time.GetUtcNow() - ago : null,
            LastReason = session.LastReason,
            BytesIn = traffic?.BytesIn ?? 0,
            BytesOut = traffic?.BytesOut ?? 0,
            PacketsIn = traffic?.PacketsIn ?? 0,
            PacketsOut = traffic?.PacketsOut ?? 0,
        };
    }

    /// <summary>The table has made its ciphers; the keys are not needed any more.</summary>
    private static void Clear(EspSaParameters parameters)
    {
        if (MemoryMarshal.TryGetArray(parameters.KeyingMaterial, out ArraySegment<byte> key)) CryptographicOperations.ZeroMemory(key);
    }
}
