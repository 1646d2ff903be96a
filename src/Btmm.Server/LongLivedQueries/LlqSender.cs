using System.Collections.Concurrent;
using Btmm.Protocol.Dns;
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

    /// <summary>Does what is due and sends everything there is.</summary>
    internal void Send(DatagramRoutes datagrams, CancellationToken cancellationToken)
    {
        table.HandleTimeout(clock.Now);
        while (table.TryTakePeer(out LlqPeer? peer))
            Start(peer, cancellationToken);
        while (table.TryTakeOutput(out LlqOutput output))
        {
            int length = output.Write(_buffer);
            if (length > 0)
                datagrams.Send(output.Client.Listener, _buffer.AsSpan(0, length), output.Client.Address);
        }
    }

    /// <summary>Waits until nothing is being sent over connections.</summary>
    internal Task CompleteAsync() => Task.WhenAll(_connections.Keys);

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
