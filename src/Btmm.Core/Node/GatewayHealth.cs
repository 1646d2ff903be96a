using System.Threading.Channels;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>
/// Examines the way to the internet once on each network, when the endpoint has been found or missed and the hurry is over, and
/// again when that changes. Maps nothing: what the node's own keeper knows is taken from it. Thread-safe.
/// </summary>
internal sealed class GatewayHealth : IAsyncDisposable
{
    /// <summary>Long enough for the records to be published and the first tunnels to be built.</summary>
    internal static readonly TimeSpan DefaultCalm = TimeSpan.FromSeconds(2);

    /// <summary>On one network there are no more examinations than one in this time.</summary>
    internal static readonly TimeSpan Spacing = TimeSpan.FromSeconds(15);

    private const int QueueLength = 16;

    private readonly Func<EndpointState, CancellationToken, Task<GatewayVerdict>> _examine;
    private readonly TimeProvider _time;
    private readonly TimeSpan _calm;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<EndpointState> _settled = Channel.CreateBounded<EndpointState>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Channel<GatewayVerdict> _verdicts = Channel.CreateBounded<GatewayVerdict>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private CancellationTokenSource _network = new();
    private volatile GatewayVerdict? _current;
    private EndpointState? _examined;
    private Task _loop = Task.CompletedTask;

    /// <param name="examine">Examines, with what the keeper knows.</param>
    /// <param name="time">The clock.</param>
    /// <param name="calm">How long to wait after the endpoint is settled.</param>
    internal GatewayHealth(Func<EndpointState, CancellationToken, Task<GatewayVerdict>> examine, TimeProvider time, TimeSpan? calm = null)
    {
        _examine = examine;
        _time = time;
        _calm = calm ?? DefaultCalm;
    }

    /// <summary>The last verdict on the present network; null before the first.</summary>
    internal GatewayVerdict? Current => _current;

    /// <summary>Verdicts that tell something new, oldest dropped when nobody reads. Completed by disposal.</summary>
    internal ChannelReader<GatewayVerdict> Verdicts => _verdicts.Reader;

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
            while (_settled.Reader.TryRead(out _))
            {
            }
        }

        _ = former.CancelAsync(); // Not inline: what follows is not the caller's work.
    }

    /// <summary>There is an endpoint, or none.</summary>
    internal void EndpointChanged(EndpointState state)
    {
        if (state.Phase == EndpointPhase.Searching) return;
        lock (_gate)
        {
            if (_examined is { } before && IsAlike(before, state)) return;
        }

        _settled.Writer.TryWrite(state);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        try
        {
            await _loop.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // As asked for.
        }
        finally
        {
            _verdicts.Writer.TryComplete();
            _shutdown.Dispose();
        }
    }

    /// <summary>Another port changes no verdict; another address does, and why there is none.</summary>
    private static bool IsAlike(EndpointState one, EndpointState other) => one.Phase == other.Phase && one.Reason == other.Reason
        && Equals(one.Gateway, other.Gateway) && Equals(one.LocalAddress, other.LocalAddress) && Equals(one.ExternalAddress, other.ExternalAddress);

    private async Task RunAsync()
    {
        while (await _settled.Reader.WaitToReadAsync(_shutdown.Token).ConfigureAwait(false))
        {
            CancellationToken network;
            lock (_gate) network = _network.Token;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token, network);
            try
            {
                await ExamineAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!_shutdown.IsCancellationRequested)
            {
                // The network changed; its endpoint will settle anew.
            }
        }
    }

    private async Task ExamineAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(_calm, _time, cancellationToken).ConfigureAwait(false);
        if (!_settled.Reader.TryRead(out EndpointState? state)) return;
        GatewayVerdict verdict = await _examine(state, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _examined = state;
            bool isNews = !verdict.IsSameAs(_current);
            _current = verdict;
            if (isNews) _verdicts.Writer.TryWrite(verdict);
        }

        await Task.Delay(Spacing, _time, cancellationToken).ConfigureAwait(false);
    }
}
