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

    /// <summary>Whether the route is still this one.</summary>
    internal bool IsOn(GatewayRoute? route) => find() == route;

    /// <summary>Waits until the route is another one, or the activity is to end for good.</summary>
    internal async Task WhileOnAsync(GatewayRoute? route, CancellationToken episode)
    {
        try
        {
            while (IsOn(route)) await Task.Delay(s_routePollInterval, time, episode).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task<bool> RunAsync()
    {
        while (true)
        {
            // What a change of network or a fault cut short has released nothing: at the end it lives once more, for just that.
            bool isLast = _shutdown.IsCancellationRequested;
            bool? released = await LiveOnceAsync().ConfigureAwait(false);
            if (_shutdown.IsCancellationRequested && (isLast || released is not null)) return released ?? false;
        }
    }

    /// <summary>Lives on one network. Returns what is said about releasing; null when it was cut short.</summary>
    private async Task<bool?> LiveOnceAsync()
    {
        using CancellationTokenSource episode = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token);
        lock (_gate) _episode = episode;
        try
        {
            return await live(find(), this, episode.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (episode.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            fault(e);
            await Task.Delay(s_faultDelay, time, episode.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }
        finally
        {
            lock (_gate) _episode = null;
        }
    }
}
