using System.Net;
using System.Threading.Channels;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Peers;

/// <summary>
/// Keeps this host's records in the zone: publishes at once when the endpoint changes, renews at 80 to 85 % of the lease
/// (RFC 9664 §5), tries again with growing waits while the zone service is down, withdraws on stop. Thread-safe; start once.
/// </summary>
public sealed class RecordPublisher : IAsyncDisposable
{
    // RFC 9664 §5: refresh at 80 % of the lease plus a random 0 to 5 %.
    private const double RenewFrom = 0.80;
    private const double RenewSpread = 0.05;

    // Our own limits.
    private const int StateQueueLength = 64;
    private static readonly TimeSpan s_shortestLease = TimeSpan.FromSeconds(30);

    private readonly IZoneUpdater _zone;
    private readonly HostRecords _records;
    private readonly RecordPublisherOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Channel<PublicationState> _states = Channel.CreateBounded<PublicationState>(
        new BoundedChannelOptions(StateQueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly CancellationTokenSource _shutdown = new();
    private CancellationTokenSource _attempt = new();
    private volatile PublicationState _current = PublicationState.Nothing;
    private IPEndPoint? _wanted;
    private bool _isWanted;
    private bool _isTrying;
    private bool _everPublished;
    private Task _loop = Task.CompletedTask;

    /// <summary>Joins the parts; nothing is sent before <see cref="Start"/> and the first <see cref="SetEndpoint"/>.</summary>
    public RecordPublisher(IZoneUpdater zone, HostRecords records, RecordPublisherOptions options, TimeProvider time)
    {
        _zone = zone;
        _records = records;
        _options = options;
        _time = time;
    }

    /// <summary>The last state.</summary>
    public PublicationState Current => _current;

    /// <summary>Every state, oldest dropped when nobody reads. Completed by <see cref="DisposeAsync"/>.</summary>
    public ChannelReader<PublicationState> States => _states.Reader;

    /// <summary>Starts the loop.</summary>
    public void Start() => _loop = RunAsync(_shutdown.Token);

    /// <summary>Publishes the endpoint, or (null) withdraws what is unreachable. The same endpoint again is no work.</summary>
    public void SetEndpoint(IPEndPoint? endpoint)
    {
        lock (_gate)
        {
            if (_isWanted && Equals(_wanted, endpoint)) return;
            _wanted = endpoint;
            _isWanted = true;
        }

        Hurry();
    }

    /// <summary>The zone lost our records: publish them again at once.</summary>
    public void RecordsLost()
    {
        lock (_gate)
        {
            if (!_isWanted || _isTrying) return;
        }

        Hurry();
    }

    /// <summary>The host's network changed: an attempt under way is started afresh, a waiting one is made at once.</summary>
    public void NetworkChanged()
    {
        _zone.NetworkChanged();
        TryNow();
    }

    /// <summary>An attempt has better chances now than before: what is not published is tried at once.</summary>
    public void TryNow()
    {
        lock (_gate)
        {
            bool idle = !_isTrying && (!_isWanted || _current.Kind == PublicationKind.Published);
            if (idle) return;
        }

        Hurry();
    }

    /// <summary>Ends the loop and removes the records, within a bounded time. True when the zone confirmed it (or never had any).</summary>
    public async Task<bool> WithdrawAsync(CancellationToken cancellationToken)
    {
        await StopLoopAsync().ConfigureAwait(false);
        if (!_everPublished) return true;
        using var timeout = new CancellationTokenSource(_options.WithdrawTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await _zone.UpdateAsync(_records.Withdraw(), lease: null, either.Token).ConfigureAwait(false);
            Tell(new PublicationState { Kind = PublicationKind.Withdrawn, At = _time.GetUtcNow() });
            _everPublished = false;
            return true;
        }
        catch (BtmmException e)
        {
            TellFailure(e);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            TellFailure(new BtmmException(
                BtmmErrorReason.Timeout, "The zone service did not confirm the withdrawal.", "Nothing: the records end with their lease."));
        }

        return false;
    }

    /// <summary>Ends the loop. Records stay until their lease ends unless <see cref="WithdrawAsync"/> was called before.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopLoopAsync().ConfigureAwait(false);
        _states.Writer.TryComplete();
        _attempt.Dispose();
        _shutdown.Dispose();
    }

    private async Task StopLoopAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Hurry()
    {
        lock (_gate)
        {
            _attempt.Cancel();
            _signal.Writer.TryWrite(true);
        }
    }

    private async Task RunAsync(CancellationToken shutdown)
    {
        await _signal.Reader.ReadAsync(shutdown).ConfigureAwait(false);
        if (_options.MaxFirstDelay > TimeSpan.Zero)
            await Task.Delay(_options.MaxFirstDelay * Random.Shared.NextDouble(), _time, shutdown).ConfigureAwait(false);
        TimeSpan retry = _options.RetryDelay;
        while (true)
        {
            await Task.Delay(_options.CoalesceTime, _time, shutdown).ConfigureAwait(false);
            TimeSpan wait;
            (Outcome outcome, TimeSpan lease) = await TryPublishAsync(shutdown).ConfigureAwait(false);
            switch (outcome)
            {
                case Outcome.Superseded:
                    continue;
                case Outcome.Done:
                    retry = _options.RetryDelay;
                    wait = lease * (RenewFrom + (RenewSpread * Random.Shared.NextDouble()));
                    break;
                default:
                    wait = retry * (0.8 + (0.4 * Random.Shared.NextDouble()));
                    retry = TimeSpan.FromTicks(Math.Min(retry.Ticks * 2, _options.MaxRetryDelay.Ticks));
                    break;
            }

            if (await WaitAsync(wait, shutdown).ConfigureAwait(false)) retry = _options.RetryDelay;
        }
    }

    /// <summary>Waits for a signal or the time; true for a signal.</summary>
    private async Task<bool> WaitAsync(TimeSpan limit, CancellationToken shutdown)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(shutdown, timer.Token);
        try
        {
            await _signal.Reader.ReadAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<(Outcome Outcome, TimeSpan Lease)> TryPublishAsync(CancellationToken shutdown)
    {
        IPEndPoint? endpoint;
        CancellationToken superseded;
        lock (_gate)
        {
            endpoint = _wanted;
            _isTrying = true;
            _signal.Reader.TryRead(out _);
            if (_attempt.IsCancellationRequested)
            {
                _attempt.Dispose();
                _attempt = new CancellationTokenSource();
            }

            superseded = _attempt.Token;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(shutdown, superseded);
        try
        {
            _everPublished = true;
            TimeSpan lease = await _zone.UpdateAsync(_records.Publish(endpoint), _options.Lease, either.Token).ConfigureAwait(false);
            if (lease < s_shortestLease) lease = s_shortestLease;
            TellPublished(endpoint, lease);
            return (Outcome.Done, lease);
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return (Outcome.Superseded, TimeSpan.Zero);
        }
        catch (BtmmException e)
        {
            TellFailure(e);
            return (Outcome.Failed, TimeSpan.Zero);
        }
        finally
        {
            lock (_gate) _isTrying = false;
        }
    }

    private void TellPublished(IPEndPoint? endpoint, TimeSpan lease)
    {
        DateTimeOffset now = _time.GetUtcNow();
        PublicationState before = _current;
        Tell(new PublicationState
        {
            Kind = PublicationKind.Published,
            Endpoint = endpoint,
            At = now,
            LeaseUntil = now + lease,
            IsRenewal = before.Kind == PublicationKind.Published && Equals(before.Endpoint, endpoint),
        });
    }

    private void TellFailure(BtmmException error) => Tell(_current with
    {
        Kind = PublicationKind.Failed,
        At = _time.GetUtcNow(),
        Error = error,
        IsRenewal = false,
    });

    private void Tell(PublicationState state)
    {
        _current = state;
        _states.Writer.TryWrite(state);
    }

    private enum Outcome
    {
        Done,
        Failed,
        Superseded,
    }
}
