using System.Diagnostics.CodeAnalysis;

namespace Btmm.Server.LongLivedQueries;

/// <content>What is to be sent: datagrams in one queue, and a queue of each connection.</content>
internal sealed partial class LlqTable
{
    private readonly Queue<LlqOutput> _outputs = new();
    private readonly Queue<LlqPeer> _waiting = new();
    private TimeSpan _announced = LlqSession.Never;

    /// <summary>
    /// Whether there is something to send, or to do sooner than <see cref="NextTimeout"/> last said: then whoever does it is to be
    /// woken.
    /// </summary>
    internal bool TakeSignal()
    {
        lock (_gate)
        {
            TimeSpan next = _deadlines.Next ?? LlqSession.Never;
            bool isSooner = next < _announced;
            if (isSooner)
                _announced = next;
            return isSooner || _outputs.Count > 0 || _waiting.Count > 0;
        }
    }

    /// <summary>Takes the next event to send as a datagram.</summary>
    internal bool TryTakeOutput(out LlqOutput output)
    {
        lock (_gate)
        {
            while (_outputs.TryDequeue(out output))
            {
                if (IsCurrent(output))
                    return true;
            }

            return false;
        }
    }

    /// <summary>Takes a connection that has events to send; the caller sends them all.</summary>
    internal bool TryTakePeer([NotNullWhen(true)] out LlqPeer? peer)
    {
        lock (_gate)
            return _waiting.TryDequeue(out peer);
    }

    /// <summary>Takes the next event to send over a connection; when there is none, the connection is nobody's any more.</summary>
    internal bool TryTakeOutput(LlqPeer peer, out LlqOutput output)
    {
        lock (_gate)
        {
            while (peer.Outputs.TryDequeue(out output))
            {
                if (IsCurrent(output))
                    return true;
            }

            peer.IsSending = false;
            return false;
        }
    }

    /// <summary>An event has gone over its connection, which is as good as an acknowledgement.</summary>
    internal void Sent(TimeSpan now, LlqOutput output)
    {
        lock (_gate)
        {
            if (IsCurrent(output))
                Finish(now, output.Session);
        }
    }

    private static bool IsCurrent(LlqOutput output) => !output.Session.IsEnded && ReferenceEquals(output.Session.InFlight, output.Event);

    private void Transmit(TimeSpan now, LlqSession session, LlqEvent flight)
    {
        var output = new LlqOutput(session, flight, session.Client);
        if (session.Peer is not { } peer)
        {
            flight.Deadline = now + s_waits[flight.Transmissions++];
            _outputs.Enqueue(output);
            return;
        }

        // Nothing is lost on a connection: one transmission, and the next event when the connection has taken this one.
        flight.Transmissions++;
        peer.Outputs.Enqueue(output);
        if (peer.IsSending)
            return;
        peer.IsSending = true;
        _waiting.Enqueue(peer);
    }
}
