using System.Buffers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Push;

/// <summary>
/// A connection with a DSO session: its subscriptions, the keys proven on it, and the sending of what has changed. Changes that come
/// while the client is slow to take earlier ones are not queued: it is told the difference once it can be. Thread-safe.
/// </summary>
internal sealed class PushConnection(IStreamPeer peer, ServiceClock clock, ServerMetrics metrics) : IThreadPoolWorkItem
{
    // Our own: an account has one key, and a client hardly more than one account at a server.
    private const int MaxKeys = 8;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly PushServerSession _session = new(clock.Now);
    private readonly Dictionary<ushort, PushWatch> _watches = [];
    private readonly Queue<byte[]> _ends = new();
    private List<PushWatch> _dirty = [];
    private TsigKey[] _keys = [];
    private bool _isScheduled;

    internal IStreamPeer Peer { get; } = peer;

    /// <summary>The keys proven on this connection.</summary>
    internal IReadOnlyList<TsigKey> Keys => Volatile.Read(ref _keys);

    internal int WatchCount
    {
        get
        {
            lock (_gate)
                return _watches.Count;
        }
    }

    internal IReadOnlyList<PushWatch> Watches
    {
        get
        {
            lock (_gate)
                return [.. _watches.Values];
        }
    }

    internal bool IsEnding => With(static session => session.IsEnding);

    /// <summary>Does something with the session, which belongs to nobody else meanwhile.</summary>
    internal void With(Action<PushServerSession> action)
    {
        lock (_gate)
            action(_session);
    }

    /// <summary>Asks the session something.</summary>
    internal T With<T>(Func<PushServerSession, T> action)
    {
        lock (_gate)
            return action(_session);
    }

    /// <summary>Takes a key as proven for the rest of the connection; false when there are too many.</summary>
    internal bool TryAuthorize(TsigKey key)
    {
        lock (_gate)
        {
            if (_keys.Any(known => known.Name == key.Name && known.Matches(key)))
                return true;
            if (_keys.Length == MaxKeys)
                return false;
            Volatile.Write(ref _keys, [.. _keys, key]);
            return true;
        }
    }

    /// <summary>Forgets the keys that are no longer good.</summary>
    internal void RetainKeys(Func<TsigKey, bool> isGood)
    {
        lock (_gate)
            Volatile.Write(ref _keys, [.. _keys.Where(isGood)]);
    }

    /// <summary>Waits until the connection has ended.</summary>
    internal async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = Peer.Closed.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        await ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    internal void Add(PushWatch watch)
    {
        lock (_gate)
            _watches.Add(watch.Id, watch);
    }

    /// <summary>Ends a subscription; null when there is none with this id.</summary>
    internal PushWatch? Remove(ushort id)
    {
        lock (_gate)
        {
            _session.Drop(id);
            if (!_watches.Remove(id, out PushWatch? watch))
                return null;
            watch.IsEnded = true;
            return watch;
        }
    }

    /// <summary>There may be something to tell of a subscription; true when somebody has to be asked to send it.</summary>
    internal bool Mark(PushWatch watch, bool isAnswered = false)
    {
        lock (_gate)
        {
            watch.IsReady |= isAnswered;
            // Before its answer nothing may be told; afterwards all there is.
            if (!watch.IsReady || watch.IsDirty || watch.IsEnded)
                return false;
            watch.IsDirty = true;
            _dirty.Add(watch);
            return Schedule();
        }
    }

    /// <summary>Ends a subscription and tells the client so; true when somebody has to be asked to send it.</summary>
    internal bool Revoke(PushWatch watch, DnsRcode reason)
    {
        lock (_gate)
        {
            if (Remove(watch.Id) != watch)
                return false;
            _ends.Enqueue(DsoMessages.Response(watch.Id, reason, PushRetry.After(reason)));
            return Schedule();
        }
    }

    /// <summary>Answers a request, unless the session is being ended.</summary>
    internal async ValueTask AnswerAsync(ReadOnlyMemory<byte> message, bool isKeepalive, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!IsEnding)
                await SendAsync(message, isKeepalive, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends all that there is to tell.</summary>
    internal async Task TellAsync(CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PushMessageWriter.MaxSize);
        try
        {
            while (TakeChanges() is { } changes)
            {
                while (TakeEnd() is { } end)
                    await SendAsync(end, isKeepalive: false, cancellationToken).ConfigureAwait(false);
                for (int sent = 0; sent < changes.Count;)
                {
                    int length = Write(changes, buffer, ref sent);
                    if (length == 0)
                        continue;
                    await SendAsync(buffer.AsMemory(0, length), isKeepalive: false, cancellationToken).ConfigureAwait(false);
                    metrics.Add(ServerCount.PushesSent);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _sending.Release();
        }
    }

    /// <summary>Asks the client to close and to stay away for a while (RFC 8490 §6.6.1); nothing is sent after that.</summary>
    internal async Task EndAsync(DnsRcode reason, TimeSpan delay, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bool isToBeSent = With(session => session is { IsEstablished: true, IsEnding: false });
            if (!isToBeSent)
                return;
            With(session => session.EndSession(clock.Now));
            await Peer.SendAsync(DsoMessages.RetryDelay(reason, delay), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>What the thread pool does when something has been marked.</summary>
    void IThreadPoolWorkItem.Execute() => _ = TellOrAbortAsync();

    private async Task TellOrAbortAsync()
    {
        try
        {
            await TellAsync(Peer.Closed).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client is gone, or has not taken what was sent in time: it will connect again and be told everything.
            Peer.Abort();
        }
        catch (Exception error)
        {
            metrics.Add(ServerCount.RequestsFailed);
            ServerLog.Instance.RequestFailed(Peer.Origin.Client.ToString(), error.ToString());
            Peer.Abort();
        }
    }

    // True for the first one since the last time that somebody looked for what there is to send.
    private bool Schedule()
    {
        bool isFirst = !_isScheduled;
        _isScheduled = true;
        return isFirst;
    }

    private byte[]? TakeEnd()
    {
        lock (_gate)
            return _ends.TryDequeue(out byte[]? end) ? end : null;
    }

    // Null when there is nothing to tell; whoever marks something from then on has to ask for it.
    private List<PushChange>? TakeChanges()
    {
        lock (_gate)
        {
            _isScheduled = false;
            if ((_dirty.Count == 0 && _ends.Count == 0) || _session.IsEnding)
                return null;
            List<PushWatch> dirty = _dirty;
            _dirty = [];
            dirty.RemoveAll(static watch => watch.IsEnded);
            foreach (PushWatch watch in dirty)
                watch.IsDirty = false;
            return PushChanges.Take(dirty);
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> message, bool isKeepalive, CancellationToken cancellationToken)
    {
        await Peer.SendAsync(message, cancellationToken).ConfigureAwait(false);
        lock (_gate)
            _session.NoteSent(clock.Now, isKeepalive);
    }

    // A record that is too long for any message cannot be told and is left out; 0 when nothing else is left.
    private static int Write(List<PushChange> changes, byte[] buffer, ref int sent)
    {
        var writer = new PushMessageWriter(buffer);
        for (; sent < changes.Count; sent++)
        {
            if (!writer.TryWrite(changes[sent]) && !writer.IsEmpty)
                break;
        }

        return writer.Finish();
    }
}
