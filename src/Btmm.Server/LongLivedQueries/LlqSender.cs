using System.Collections.Concurrent;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Transport;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// Sends what an <see cref="LlqTable"/> has to send: datagrams in the caller's loop, and the events of a connection by a task that
/// lives as long as there are some, so that a slow connection keeps nobody else waiting. One caller at a time.
/// </summary>
internal sealed class LlqSender(LlqTable table, ServiceClock clock)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(DnsMessage.MaxSize);
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Dictionary<UdpListener, DatagramBatch> _batches = [];
    private UdpListener? _collecting;
    private DatagramBatch? _batch;

    /// <summary>Does what is due and sends everything there is.</summary>
    internal void Send(DatagramRoutes datagrams, CancellationToken cancellationToken)
    {
        table.HandleTimeout(clock.Now);
        while (table.TryTakePeer(out LlqPeer? peer))
            Start(peer, cancellationToken);
        while (table.TryTakeOutput(out LlqOutput output))
        {
            (UdpListener listener, PeerAddress local) = datagrams.Find(output.Client.Listener);
            if (!TryCollect(output, listener, local) && output.Write(_buffer) is var length && length > 0)
                listener.Send(_buffer.AsSpan(0, length), output.Client.Address, local); // a single change that is longer than others
        }

        Flush();
    }

    /// <summary>Waits until nothing is being sent over connections.</summary>
    internal Task CompleteAsync() => Task.WhenAll(_connections.Keys);

    // Into the batch of the listener; a batch goes out when it is full or another listener's turn comes.
    private bool TryCollect(LlqOutput output, UdpListener listener, in PeerAddress local)
    {
        if (_collecting != listener || _batch is not { } batch || !batch.TryAdd(output.Client.Address, local, out int index))
        {
            Flush();
            _collecting = listener;
            if (!_batches.TryGetValue(listener, out batch))
                _batches.Add(listener, batch = listener.CreateBatch(EdnsInfo.SafeUdpPayloadSize));
            _batch = batch;
            batch.Count = 0;
            batch.TryAdd(output.Client.Address, local, out index);
        }

        batch[index].AnswerLength = output.Write(batch.Answer(index));
        return batch[index].AnswerLength > 0;
    }

    private void Flush()
    {
        if (_batch is { Count: > 0 } batch)
            _collecting?.Send(batch);
        _batch = null;
    }

    private void Start(LlqPeer peer, CancellationToken cancellationToken)
    {
        Task task = Task.Run(() => SendAllAsync(peer, cancellationToken), CancellationToken.None);
        _connections[task] = true;
        _ = task.ContinueWith(done => _connections.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task SendAllAsync(LlqPeer peer, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        try
        {
            while (table.TryTakeOutput(peer, out LlqOutput output))
            {
                int length = output.Write(buffer);
                if (length > 0)
                    await peer.Stream.SendAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                table.Sent(clock.Now, output);
            }
        }
        catch (OperationCanceledException)
        {
            // It has ended, or the client does not take what it asked for.
            table.EndPeer(peer.Stream);
            peer.Stream.Abort();
        }
    }
}
