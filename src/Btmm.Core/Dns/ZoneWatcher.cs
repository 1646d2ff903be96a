using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Push;
using Btmm.Core.Peers;
using Btmm.Protocol;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>
/// Watches record sets of an account's zone in the best way that works: by DNS Push Notifications (<see cref="PushClient"/>), else by
/// long-lived queries over TLS, else by datagrams, else by polling (<see cref="LlqClient"/>). Thread-safe; one loop does the work.
/// </summary>
/// <remarks>
/// <para>Push is tried as long as something is watched. While it does not work, after a moment of patience, the other client works as
/// well; as soon as Push tells of everything, the other one ends. A set is told when it is different from what was told last,
/// whoever knows it, so that a change of the way is no change of the sets.</para>
/// </remarks>
public sealed class ZoneWatcher : IRecordWatcher
{
    /// <summary>How long a connection for Push may take, or be away, before the other ways are taken.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // Our own limits.
    private const int ChangesLength = 1024;
    private const int StatesLength = 16;
    private static readonly TimeSpan s_tellAgain = TimeSpan.FromMilliseconds(100);

    private readonly PushClient _push;
    private readonly Func<IRecordWatcher> _openOther;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly Lock _gate = new();
    private readonly HashSet<DnsQuestion> _wanted = [];
    private readonly Dictionary<DnsQuestion, WatchedSet> _sets = [];
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<RecordSetChange> _changes = Channel.CreateBounded<RecordSetChange>(ChangesLength);
    private readonly Channel<ZoneServiceState> _states = Channel.CreateBounded<ZoneServiceState>(
        new BoundedChannelOptions(StatesLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _loop;
    private IRecordWatcher? _other;
    private Task _ending = Task.CompletedTask;
    private TimeSpan? _patientUntil;
    private ZoneServiceState? _reported;
    private volatile WatchMode _mode;
    private bool _isDisposed;

    /// <summary>Starts to work; nothing is sent before the first <see cref="Watch"/>.</summary>
    /// <param name="zone">Knows the zone's servers and the key.</param>
    /// <param name="client">Asks and connects.</param>
    /// <param name="channels">Opens sockets for datagrams.</param>
    /// <param name="random">For message ids.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">For DNS Push; null for the defaults.</param>
    public ZoneWatcher(
        ZoneLocator zone, DnsClient client, IDatagramChannelFactory channels, IRandomSource random, TimeProvider time, PushClientOptions? options = null)
        : this(new PushClient(zone, client, random, time, options), () => new LlqClient(zone, client, channels, random, time), time)
    {
    }

    /// <summary>The same with other clients; owns them.</summary>
    internal ZoneWatcher(PushClient push, Func<IRecordWatcher> openOther, TimeProvider time)
    {
        _push = push;
        _openOther = openOther;
        _time = time;
        _origin = time.GetTimestamp();
        _loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public ChannelReader<RecordSetChange> Changes => _changes.Reader;

    /// <inheritdoc/>
    public ChannelReader<ZoneServiceState> States => _states.Reader;

    /// <summary>How changes are learnt of now.</summary>
    public WatchMode Mode => _mode;

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <inheritdoc/>
    public void Watch(DnsQuestion question)
    {
        lock (_gate) _wanted.Add(question);
        _push.Watch(question);
        _wake.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void Unwatch(DnsQuestion question)
    {
        lock (_gate) _wanted.Remove(question);
        _push.Unwatch(question);
        _wake.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void NetworkChanged()
    {
        _push.NetworkChanged();
        lock (_gate) _other?.NetworkChanged();
    }

    /// <summary>Ends what is watched at the servers, for which it waits a moment, and closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _shutdown.Dispose();
    }

    private async Task RunAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                Choose();
                Take();
                await WaitAsync(Tell()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error)
        {
            fault = error; // the readers of the channels get it
            throw;
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
            _changes.Writer.TryComplete(fault);
            _states.Writer.TryComplete(fault);
        }
    }

    /// <summary>Decides whether the other client is needed.</summary>
    private void Choose()
    {
        while (_push.States.TryRead(out ZoneServiceState? state))
        {
            // That Push is refused says nothing of the zone service: the other ways are tried, and say how that is.
            bool isSilent = state.Error?.Reason is BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable;
            if (isSilent && _other is null) Report(state);
        }

        PushPhase phase = _push.Phase;
        if (phase is PushPhase.Active or PushPhase.Idle)
        {
            _patientUntil = null;
            if (_other is not null) Close();
            if (phase == PushPhase.Active) Report(new ZoneServiceState(true, WatchMode.Push, null));
            return;
        }

        if (_other is not null) return;
        _patientUntil ??= Now + Patience;
        if (phase == PushPhase.Connecting && Now < _patientUntil) return;
        Open();
    }

    private void Open()
    {
        DnsQuestion[] wanted;
        lock (_gate)
        {
            _other = _openOther();
            wanted = [.. _wanted];
        }

        foreach (DnsQuestion question in wanted) _other.Watch(question);
    }

    private void Close()
    {
        IRecordWatcher closed;
        lock (_gate)
        {
            if (_other is null) return;
            (closed, _other) = (_other, null);
        }

        Task before = _ending;
        _ending = Task.Run(async () =>
        {
            await before.ConfigureAwait(false);
            await closed.DisposeAsync().ConfigureAwait(false);
        });
    }

    /// <summary>Takes what the clients tell. What the other one says counts only while Push does not work.</summary>
    private void Take()
    {
        DnsQuestion[] wanted;
        lock (_gate) wanted = [.. _wanted];
        foreach (DnsQuestion stale in _sets.Keys.Except(wanted).ToArray())
        {
            _sets.Remove(stale);
            _other?.Unwatch(stale);
        }

        foreach (DnsQuestion question in wanted)
        {
            if (_sets.TryAdd(question, new WatchedSet(question))) _other?.Watch(question);
        }

        while (_push.Changes.TryRead(out RecordSetChange? change)) Take(change);
        if (_other is not { } other) return;
        while (other.Changes.TryRead(out RecordSetChange? change)) Take(change);
        while (other.States.TryRead(out ZoneServiceState? state)) Report(state);
    }

    private void Take(RecordSetChange change)
    {
        if (_sets.TryGetValue(change.Question, out WatchedSet? set)) set.Take(change.Records);
    }

    private bool Tell()
    {
        bool all = true;
        foreach (WatchedSet set in _sets.Values.Where(static set => set.IsDirty))
        {
            set.IsDirty = !_changes.Writer.TryWrite(new RecordSetChange(set.Question, set.Records));
            all &= !set.IsDirty;
        }

        return all;
    }

    private async Task WaitAsync(bool isTold)
    {
        TimeSpan? due = _other is null ? _patientUntil : null;
        if (!isTold) due = Now + s_tellAgain;
        TimeSpan? limit = due - Now;
        if (limit <= TimeSpan.Zero) return;
        using var timer = limit is { } wait ? new CancellationTokenSource(wait, _time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token, timer.Token);
        Task[] inputs =
        [
            _wake.Reader.WaitToReadAsync(either.Token).AsTask(),
            _push.Changes.WaitToReadAsync(either.Token).AsTask(),
            _push.States.WaitToReadAsync(either.Token).AsTask(),
            .. _other is { } other ? new[] { other.Changes.WaitToReadAsync(either.Token).AsTask(), other.States.WaitToReadAsync(either.Token).AsTask() } : [],
        ];
        Task first = await Task.WhenAny(inputs).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(inputs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _wake.Reader.TryRead(out _);
        _shutdown.Token.ThrowIfCancellationRequested();
        if (first.IsFaulted) await first.ConfigureAwait(false); // a client has failed, and we with it
    }

    private void Report(ZoneServiceState state)
    {
        bool isSame = state.Error is null && _reported is { Error: null } && state.Mode == _mode;
        if (isSame) return;
        _mode = state.Mode;
        _reported = state;
        _states.Writer.TryWrite(state);
    }

    private async Task CloseAsync()
    {
        Close();
        await _push.DisposeAsync().ConfigureAwait(false);
        await _ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
