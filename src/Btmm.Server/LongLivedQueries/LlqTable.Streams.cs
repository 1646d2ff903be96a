using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Requests;
using Btmm.Server.Zones;

namespace Btmm.Server.LongLivedQueries;

/// <content>
/// Queries over TCP and TLS. A connection proves the address, so there is no challenge: one request, one answer. As with Apple's
/// servers, the error field of a request names the UDP port at the client's address that events go to; such a query outlives the
/// connection and is refreshed over any other from that address. Our own: with port 0 the events come over the connection itself,
/// need no acknowledgement, and the query ends with it.
/// </content>
internal sealed partial class LlqTable
{
    private readonly Dictionary<IStreamPeer, LlqPeer> _peers = [];

    /// <summary>Sets a query up at once.</summary>
    /// <param name="now">The monotonic clock.</param>
    /// <param name="client">Where events go: the client's address and port at one of our datagram sockets, or the connection's.</param>
    /// <param name="stream">The connection that events go over, or null.</param>
    /// <param name="question">The question.</param>
    /// <param name="zone">The zone that answers it.</param>
    /// <param name="key">The key that signed the request, or null in a public zone.</param>
    /// <param name="asked">The option received; with an id it is the repetition of a set-up.</param>
    /// <param name="session">The query when it exists now; its <see cref="LlqSession.Known"/> are the answers to send.</param>
    internal LlqOption Open(
        TimeSpan now, LlqClient client, IStreamPeer? stream, DnsQuestion question, Zone zone, TsigKey? key, LlqOption asked, out LlqSession? session)
    {
        lock (_gate)
        {
            session = null;
            if (asked.Id != 0)
                return TryFindByStream(client, stream, asked.Id, question, key, now, out session) ? Answered(now, session) : Failed(LlqOpcode.Setup, LlqError.NoSuchLlq, 0);
            LlqPeer? peer = stream is null ? null : Join(stream);
            if (_index.TryFind(client, peer, question, out LlqSession? old))
                End(old);
            if (_index.IsFull(client, question, key, _limits))
            {
                Leave(peer, session: null);
                return Full();
            }

            session = new LlqSession
            {
                Client = client,
                Id = NewId(),
                Question = _index.Share(question, zone),
                Key = key,
                Peer = peer,
                IsFromStream = peer is null,
                LeaseEnd = now + _lease.Clamp(asked.Lease),
            };
            _index.Add(session);
            if (peer is not null)
                Register(peer, session);
            LlqOption answer = Answered(now, session);
            session.EventDue = now + s_gapAfterAnswer; // not before the answer, which tells the id
            _deadlines.Set(session);
            return answer;
        }
    }

    /// <summary>Prolongs or ends a query that was set up over a connection; a new port for events replaces the old one.</summary>
    internal LlqOption Refresh(TimeSpan now, LlqClient client, IStreamPeer? stream, DnsQuestion question, TsigKey? key, LlqOption asked)
    {
        lock (_gate)
        {
            if (!TryFindByStream(client, stream, asked.Id, question, key, now, out LlqSession? session))
                return Failed(LlqOpcode.Refresh, LlqError.NoSuchLlq, asked.Id);
            if (session.IsFromStream && session.Client != client)
                Move(session, client);
            return Refresh(now, session, asked);
        }
    }

    /// <summary>A connection has ended, and with it the queries whose events went over it.</summary>
    internal void EndPeer(IStreamPeer stream)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(stream, out LlqPeer? peer))
                return;
            foreach (LlqSession session in peer.Sessions.ToArray())
                End(session);
        }
    }

    private bool TryFindByStream(
        LlqClient client, IStreamPeer? stream, ulong id, DnsQuestion question, TsigKey? key, TimeSpan now,
        [NotNullWhen(true)] out LlqSession? session)
    {
        if (!_index.TryFind(id, out session) || !IsOf(session, question, key, now))
            return false;
        return stream is null
            ? session.IsFromStream && session.Client.IsAtAddressOf(client)
            : session.Peer is { } peer && ReferenceEquals(peer.Stream, stream);
    }

    private void Move(LlqSession session, LlqClient client)
    {
        if (_index.TryFind(client, peer: null, session.Question.Question, out LlqSession? other))
            End(other);
        _index.Remove(session);
        session.Client = client;
        _index.Add(session);
    }

    private ulong NewId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong id;
        do
        {
            _random.Fill(bytes);
            id = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        }
        while (id == 0 || _index.TryFind(id, out _));
        return id;
    }

    private LlqPeer Join(IStreamPeer stream)
    {
        if (!_peers.TryGetValue(stream, out LlqPeer? peer))
            _peers.Add(stream, peer = new LlqPeer(stream));
        return peer;
    }

    private void Register(LlqPeer peer, LlqSession session)
    {
        if (peer.Sessions.Count == 0)
        {
            peer.Stream.HoldOpen();
            // When the connection has ended already this runs at once and on this thread, which holds the lock: hence elsewhere.
            peer.Closing = peer.Stream.Closed.UnsafeRegister(static state =>
            {
                (LlqTable table, LlqPeer closed) = ((LlqTable, LlqPeer))state!;
                _ = Task.Run(() => table.EndPeer(closed.Stream));
            }, (this, peer));
        }

        peer.Sessions.Add(session);
    }

    private void Leave(LlqPeer? peer, LlqSession? session)
    {
        if (peer is null)
            return;
        if (session is not null)
            peer.Sessions.Remove(session);
        if (peer.Sessions.Count > 0)
            return;
        _peers.Remove(peer.Stream);
        if (session is null)
            return; // it was never held
        peer.Closing.Unregister();
        peer.Stream.LetGo();
    }
}
