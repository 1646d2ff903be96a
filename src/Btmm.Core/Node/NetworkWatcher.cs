using System.Threading.Channels;
using Btmm.Core.Contracts;

namespace Btmm.Core.Node;

/// <summary>
/// Turns bursts of raw network events into "the way to the internet changed": at once when the default route is another one
/// (leading edge), and once more when the burst is over if the link itself was touched. Also notices that the machine slept.
/// </summary>
/// <remarks>
/// A default route that stays the same is no proof of the same network (many homes use 192.168.1.0/24), so link events on the
/// default route's interface count as a change; link events elsewhere (containers, our own tunnel) do not.
/// Start once; one reader of <see cref="Changes"/>.
/// </remarks>
public sealed class NetworkWatcher : IAsyncDisposable
{
    /// <summary>How long the network must be quiet for a burst to be over.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(200);

    /// <summary>How often the clocks are compared.</summary>
    public static readonly TimeSpan SleepCheckInterval = TimeSpan.FromSeconds(10);

    /// <summary>A gap in time longer than this means that the machine slept (or that its clock was set).</summary>
    public static readonly TimeSpan SleepGap = TimeSpan.FromSeconds(20);

    private const int QueueLength = 16;

    private readonly INetworkMonitor _monitor;
    private readonly IGatewayFinder _gateways;
    private readonly TimeProvider _time;
    private readonly Channel<NetworkState> _changes = Channel.CreateBounded<NetworkState>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly CancellationTokenSource _shutdown = new();
    private volatile NetworkState _current;
    private Task _loops = Task.CompletedTask;

    /// <summary>Takes a first look at the default route.</summary>
    public NetworkWatcher(INetworkMonitor monitor, IGatewayFinder gateways, TimeProvider time)
    {
        _monitor = monitor;
        _gateways = gateways;
        _time = time;
        _current = new NetworkState(gateways.FindDefault(), Resumed: false);
    }

    /// <summary>The state last seen.</summary>
    public NetworkState Current => _current;

    /// <summary>Changes, oldest dropped when nobody reads. Completed by <see cref="DisposeAsync"/>.</summary>
    public ChannelReader<NetworkState> Changes => _changes.Reader;

    /// <summary>Starts watching.</summary>
    public void Start()
    {
        ChannelReader<NetworkChange> raw = _monitor.Subscribe();
        _loops = Task.WhenAll(WatchEventsAsync(raw, _shutdown.Token), WatchClocksAsync(_shutdown.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _changes.Writer.TryComplete();
        _shutdown.Dispose();
    }

    private async Task WatchEventsAsync(ChannelReader<NetworkChange> raw, CancellationToken shutdown)
    {
        while (await raw.WaitToReadAsync(shutdown).ConfigureAwait(false))
        {
            bool linkTouched = false;
            do
            {
                linkTouched |= Drain(raw);
                PublishIfChanged();
            }
            while (await MoreWithinQuietTimeAsync(raw, shutdown).ConfigureAwait(false));
            if (!PublishIfChanged() && linkTouched) Publish(_current with { Resumed = false });
        }
    }

    /// <summary>Reads what is there; true when the link that carries the default route was touched.</summary>
    private bool Drain(ChannelReader<NetworkChange> raw)
    {
        bool touched = false;
        while (raw.TryRead(out NetworkChange change))
        {
            touched |= change.Kind == NetworkChangeKind.Overrun
                || (change.Kind == NetworkChangeKind.Link && change.InterfaceIndex == _current.Route?.InterfaceIndex);
        }

        return touched;
    }

    private async Task<bool> MoreWithinQuietTimeAsync(ChannelReader<NetworkChange> raw, CancellationToken shutdown)
    {
        using var quiet = new CancellationTokenSource(QuietTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(shutdown, quiet.Token);
        try
        {
            return await raw.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task WatchClocksAsync(CancellationToken shutdown)
    {
        using var timer = new PeriodicTimer(SleepCheckInterval, _time);
        DateTimeOffset wall = _time.GetUtcNow();
        long monotonic = _time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(shutdown).ConfigureAwait(false))
        {
            TimeSpan wallPassed = _time.GetUtcNow() - wall;
            TimeSpan monotonicPassed = _time.GetElapsedTime(monotonic);
            wall = _time.GetUtcNow();
            monotonic = _time.GetTimestamp();
            // CLOCK_MONOTONIC stands still while the machine sleeps, the wall clock does not.
            bool slept = wallPassed - monotonicPassed > SleepGap || monotonicPassed > SleepCheckInterval + SleepGap;
            if (slept) Publish(new NetworkState(_gateways.FindDefault(), Resumed: true));
        }
    }

    private bool PublishIfChanged()
    {
        GatewayRoute? now = _gateways.FindDefault();
        if (now == _current.Route) return false;
        Publish(new NetworkState(now, Resumed: false));
        return true;
    }

    private void Publish(NetworkState state)
    {
        _current = state;
        _changes.Writer.TryWrite(state);
    }
}
