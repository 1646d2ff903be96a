using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

// Going down, in order: records (so that nobody calls any more), queries and tunnels together, then the mapping; these have a
// deadline. What is local is undone in any case.
public sealed partial class BtmmNode
{
    private static readonly TimeSpan s_localDeadline = TimeSpan.FromSeconds(5);

    private async Task StopPartsAsync(NodeParts parts)
    {
        _log.Add(NodeEventKind.Stopping, "Withdrawing records, closing tunnels, undoing changes.");
        Task remote = StopRemoteAsync(parts);
        await BoundedAsync(remote, _options.StopTimeout, "saying goodbye to the network").ConfigureAwait(false);
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await BoundedAsync(Task.WhenAll(_stages), s_localDeadline, "ending the stages").ConfigureAwait(false);
        await BoundedAsync(parts.Network.DisposeAsync().AsTask(), s_localDeadline, "ending the network watch").ConfigureAwait(false);
        await BoundedAsync(parts.Monitor.DisposeAsync().AsTask(), s_localDeadline, "closing the network monitor").ConfigureAwait(false);
        await BoundedAsync(parts.Path.DisposeAsync().AsTask(), s_localDeadline, "ending the packet path").ConfigureAwait(false);
        foreach (BtmmException failure in parts.System.UndoAll()) _log.AddProblem(failure);
        Guard(parts.Tun.Dispose);
        Guard(parts.Socket.Dispose);
        int open = parts.Journal.OpenEntries.Count;
        Guard(() => open += parts.Memory.Mappings.Count);
        _log.Add(NodeEventKind.Stopped, open == 0
            ? "Everything is undone."
            : $"{open} changes could not be undone; the next start tries again.");
        Guard(parts.Journal.Dispose);
        Guard(parts.State.Dispose);
    }

    private async Task StopRemoteAsync(NodeParts parts)
    {
        Task records = WithdrawAsync(parts);
        Task queries = parts.PeerWatcher.DisposeAsync().AsTask();
        Task tunnels = parts.Sessions.DisposeAsync().AsTask();
        Task health = parts.Health?.DisposeAsync().AsTask() ?? Task.CompletedTask;
        await SettleAsync(records, queries, tunnels, health).ConfigureAwait(false);
        await SettleAsync(parts.Endpoint.StopAsync()).ConfigureAwait(false);
    }

    private static async Task WithdrawAsync(NodeParts parts)
    {
        await parts.Publisher.WithdrawAsync(CancellationToken.None).ConfigureAwait(false);
        await parts.Publisher.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Waits for all; failures become events.</summary>
    private async Task SettleAsync(params Task[] tasks)
    {
        foreach (Task task in tasks)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (task.Exception is { } failure) Report(failure.InnerException ?? failure);
        }
    }

    private async Task BoundedAsync(Task task, TimeSpan limit, string what)
    {
        try
        {
            await task.WaitAsync(limit, _platform.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _log.AddProblem(new BtmmException(
                BtmmErrorReason.Timeout, $"There was no time left for {what}.", "Nothing: leases and mappings end by themselves."));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Report(e);
        }
    }

    private void Report(Exception failure) => Guard(() => throw failure);
}
