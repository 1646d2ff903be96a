using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>Runs one activity for as long as the host stays on a network, and begins it afresh on the next. Thread-safe.</summary>
/// <param name="find">Finds the route of the network.</param>
/// <param name="live">
/// Lives on the network until its token is cancelled or the route is another one; at a shutdown, returns whether everything was released.
/// </param>
/// <param name="fault">Is told when that failed in a way it should not.</param>
/// <param name="time">The clock.</param>
internal sealed class RouteFollower(
    Func<GatewayRoute?> find, Func<GatewayRoute?, RouteFollower, CancellationToken, Task<bool>> live, Action<Exception> fault, TimeProvider time)
{
    /// <summary>How often the routing table is looked at while there is nothing else to do.</summary>
    private static readonly TimeSpan s_routePollInterval = TimeSpan.FromSeconds(5);

    /// <summary>The wait after something unexpected went wrong.</summary>
    private static readonly TimeSpan s_faultDelay = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _shutdown = new();
    private CancellationTokenSource? _episode;
    private Task<bool>? _loop;

    /// <summary>Cancelled when the activity is to end for good.</summary>
    internal CancellationToken Shutdown => _shutdown.Token;

    /// <summary>Begins.</summary>
    internal void Start()
    {
        lock (_gate) _loop ??= Task.Run(RunAsync);
    }

    /// <summary>The network changed.</summary>
    internal void Restart()
    {
        lock (_gate) _ = _episode?.CancelAsync(); // Not inline: what follows is not the caller's work.
    }

    /// <summary>Ends the activity. Returns what it says about releasing; true when it never ran.</summary>
    internal async Task<bool> StopAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        Task<bool> loop;
        lock (_gate) loop = _loop ??= Task.FromResult(true);
        return await loop.ConfigureAwait(false);
    }

    /// <summary>Waits until the route is another one.</summary>
    internal async Task WhileOnAsync(GatewayRoute? route, CancellationToken episode)
    {
        while (find() == route) await Task.Delay(s_routePollInterval, time, episode).ConfigureAwait(false);
    }

    private async Task<bool> RunAsync()
    {
        bool released = true;
        while (!_shutdown.IsCancellationRequested)
        {
            using CancellationTokenSource episode = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token);
            lock (_gate) _episode = episode;
            try
            {
                released = await live(find(), this, episode.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (episode.IsCancellationRequested)
            {
                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                fault(e);
                await Task.Delay(s_faultDelay, time, episode.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                lock (_gate) _episode = null;
            }
        }

        return released;
    }
}
