using System.Threading.Channels;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>
/// Examines the way to the internet once on each network, when the endpoint has been found or missed and the hurry is over, and
/// again when that changes, when the zone service answers at last, and now and then for as long as others cannot reach this host.
/// Maps nothing: what the node's own keeper knows is taken from it. Thread-safe.
/// </summary>
/// <remarks>
/// What it is told only says that a look is worth while. It asks for the endpoint itself, when it looks: the keeper does not tell
/// again on another network what is the same there, and what it told may not be so any more.
/// </remarks>
internal sealed class GatewayHealth : IAsyncDisposable
{
    /// <summary>Long enough for the records to be published and the first tunnels to be built.</summary>
    internal static readonly TimeSpan Calm = TimeSpan.FromSeconds(2);

    /// <summary>On one network there are no more examinations than one in this time.</summary>
    internal static readonly TimeSpan Spacing = TimeSpan.FromSeconds(15);

    /// <summary>Somebody may sign in at the portal or change a setting of the router, which nothing here tells.</summary>
    internal static readonly TimeSpan Repetition = TimeSpan.FromMinutes(15);

    private const int QueueLength = 16;

    /// <summary>How often the endpoint is looked for. The keeper tells of one or of none within seconds.</summary>
    private static readonly TimeSpan s_search = TimeSpan.FromSeconds(1);

    private readonly Func<EndpointState?> _endpoint;
    private readonly Func<EndpointState, CancellationToken, Task<GatewayVerdict>> _examine;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<bool> _reasons = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Channel<GatewayVerdict> _verdicts = Channel.CreateBounded<GatewayVerdict>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Channel<Exception> _faults = Channel.CreateBounded<Exception>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private CancellationTokenSource _network = new();
    private volatile GatewayVerdict? _current;
    private EndpointState? _examined;
    private bool _isOutdated;
    private Task _loop = Task.CompletedTask;

    /// <param name="endpoint">The endpoint on the present network; null for as long as it is looked for.</param>
    /// <param name="examine">Examines, with what the keeper knows.</param>
    /// <param name="time">The clock.</param>
    internal GatewayHealth(Func<EndpointState?> endpoint, Func<EndpointState, CancellationToken, Task<GatewayVerdict>> examine, TimeProvider time)
    {
        _endpoint = endpoint;
        _examine = examine;
        _time = time;
    }

    /// <summary>The last verdict on the present network; null before the first.</summary>
    internal GatewayVerdict? Current => _current;

    /// <summary>Verdicts that tell something new, oldest dropped when nobody reads. Completed by disposal.</summary>
    internal ChannelReader<GatewayVerdict> Verdicts => _verdicts.Reader;

    /// <summary>Examinations that failed in a way they should not, oldest dropped when nobody reads. Completed by disposal.</summary>
    internal ChannelReader<Exception> Faults => _faults.Reader;

    internal void Start() => _loop = RunAsync();

    /// <summary>The host is on another network, or was asleep: what is known does not count any more.</summary>
    internal void NetworkChanged()
    {
        CancellationTokenSource former;
        lock (_gate)
        {
            former = _network;
            _network = new CancellationTokenSource();
            _examined = null;
            _current = null;
        }

        _ = former.CancelAsync(); // Not inline: what follows is not the caller's work.
        _reasons.Writer.TryWrite(true);
    }

    /// <summary>There is an endpoint, or none.</summary>
    internal void EndpointChanged() => _reasons.Writer.TryWrite(true);

    /// <summary>
    /// The zone service answers, and did not before: its servers can be asked now, and whoever had to sign in may have done so.
    /// </summary>
    internal void ZoneServiceReached()
    {
        lock (_gate)
        {
            if (_current is { IsReachable: true }) return;
            _examined = null;
            _isOutdated = true;
        }

        _reasons.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _verdicts.Writer.TryComplete();
        _faults.Writer.TryComplete();
        _shutdown.Dispose();
    }

    /// <summary>Another port changes no verdict; another address does, and why there is none.</summary>
    private static bool IsAlike(EndpointState one, EndpointState other) => one.Phase == other.Phase && one.Reason == other.Reason
        && Equals(one.Gateway, other.Gateway) && Equals(one.LocalAddress, other.LocalAddress) && Equals(one.ExternalAddress, other.ExternalAddress);

    private async Task RunAsync()
    {
        while (!_shutdown.IsCancellationRequested)
        {
            await AwaitReasonAsync().ConfigureAwait(false);
            CancellationToken network;
            lock (_gate) network = _network.Token;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token, network);
            try
            {
                await LookAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested)
            {
                // The end, or another network, on which there is a reason to look again.
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _faults.Writer.TryWrite(e);
            }
        }
    }

    /// <summary>Waits for a reason to look, which the passing of time is unless all is well.</summary>
    private async Task AwaitReasonAsync()
    {
        bool isWell = _current is { IsReachable: true };
        using var timer = new CancellationTokenSource(isWell ? Timeout.InfiniteTimeSpan : Repetition, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token, timer.Token);
        try
        {
            await _reasons.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_shutdown.IsCancellationRequested)
        {
            lock (_gate) _examined = null;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        EndpointState state = await AwaitEndpointAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            if (_examined is { } before && IsAlike(before, state)) return;
            _isOutdated = false;
        }

        GatewayVerdict verdict = await _examine(state, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _examined = _isOutdated && !verdict.IsReachable ? null : state;
            bool isNews = !verdict.IsSameAs(_current);
            _current = verdict;
            if (isNews) _verdicts.Writer.TryWrite(verdict);
        }

        await Task.Delay(Spacing, _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task<EndpointState> AwaitEndpointAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (_endpoint() is null) await Task.Delay(s_search, _time, cancellationToken).ConfigureAwait(false);
            await Task.Delay(Calm, _time, cancellationToken).ConfigureAwait(false);
            if (_endpoint() is { } state) return state;
        }
    }
}
