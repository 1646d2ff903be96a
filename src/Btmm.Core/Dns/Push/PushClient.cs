using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Core.Peers;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns.Push;

/// <summary>
/// Watches record sets of an account's zone by DNS Push Notifications (RFC 8765), all on one TLS connection. Thread-safe; one loop
/// does the work.
/// </summary>
/// <remarks>
/// <para>1. Find the servers and take the first that may be tried; a zone that has none is asked again from time to time.</para>
/// <para>2. Connect by TLS, prove the account's key on the connection (<see cref="Protocol.Dns.Push.PushAuthorization"/>), establish
/// a session and subscribe to everything.</para>
/// <para>3. Changes are told at once. After a new connection only what is different from before is told: nothing is taken for gone
/// until the server has told all that there is.</para>
/// <para>4. When the connection ends, connect again: at once, or when the server said, or with growing waits. When a subscription is
/// refused the whole service counts as refused for the time that the server says.</para>
/// <para>5. After a change of network: everything anew, at once.</para>
/// </remarks>
public sealed partial class PushClient : IRecordWatcher
{
    // Our own limits.
    private const int ChangesLength = 1024;
    private const int StatesLength = 16;
    private static readonly TimeSpan s_tellAgain = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_firstLocateDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestLocateDelay = TimeSpan.FromSeconds(15);

    private readonly Func<bool, CancellationToken, ValueTask<ZoneServers>> _locate;
    private readonly Func<TlsEndPoint, CancellationToken, Task<Stream>> _connect;
    private readonly Action<BtmmException> _report;
    private readonly TsigKey? _key;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly PushClientOptions _options;
    private readonly PushRetries _retries;
    private readonly long _origin;
    private readonly Lock _gate = new();
    private readonly HashSet<DnsQuestion> _wanted = [];
    private readonly Dictionary<DnsQuestion, PushSet> _sets = [];
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<RecordSetChange> _changes = Channel.CreateBounded<RecordSetChange>(ChangesLength);
    private readonly Channel<ZoneServiceState> _states = Channel.CreateBounded<ZoneServiceState>(
        new BoundedChannelOptions(StatesLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _loop;
    private CancellationTokenSource _attempt = new();
    private volatile PushPhase _phase;
    private TimeSpan _locateDelay = s_firstLocateDelay;
    private bool _isDisposed;

    /// <summary>Starts to work; nothing is sent before the first <see cref="Watch"/>.</summary>
    /// <param name="zone">Knows the zone's servers and the key.</param>
    /// <param name="client">Connects.</param>
    /// <param name="random">For message ids and nonces.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Null for the defaults.</param>
    public PushClient(ZoneLocator zone, DnsClient client, IRandomSource random, TimeProvider time, PushClientOptions? options = null)
        : this(zone.GetAsync, client.ConnectAsync, zone.Report, zone.Key, random, time, options)
    {
    }

    /// <summary>The same with the outside world given as functions.</summary>
    internal PushClient(
        Func<bool, CancellationToken, ValueTask<ZoneServers>> locate, Func<TlsEndPoint, CancellationToken, Task<Stream>> connect,
        Action<BtmmException> report, TsigKey? key, IRandomSource random, TimeProvider time, PushClientOptions? options)
    {
        _locate = locate;
        _connect = connect;
        _report = report;
        _key = key;
        _random = random;
        _time = time;
        _options = options ?? new PushClientOptions();
        _retries = new PushRetries(_options);
        _origin = time.GetTimestamp();
        _loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public ChannelReader<RecordSetChange> Changes => _changes.Reader;

    /// <inheritdoc/>
    public ChannelReader<ZoneServiceState> States => _states.Reader;

    /// <summary>Where it stands; a change of it is told by <see cref="States"/>.</summary>
    internal PushPhase Phase => _phase;

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <inheritdoc/>
    public void Watch(DnsQuestion question)
    {
        lock (_gate) _wanted.Add(question);
        _wake.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void Unwatch(DnsQuestion question)
    {
        lock (_gate) _wanted.Remove(question);
        _wake.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void NetworkChanged()
    {
        lock (_gate)
        {
            if (!_isDisposed) _attempt.Cancel();
        }
    }

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _attempt.Dispose();
        _shutdown.Dispose();
    }

    private async Task RunAsync()
    {
        Exception? fault = null;
        try
        {
            while (!_shutdown.IsCancellationRequested) await AttemptAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            fault = error; // the readers of the channels get it
            throw;
        }
        finally
        {
            _changes.Writer.TryComplete(fault);
            _states.Writer.TryComplete(fault);
        }
    }

    /// <summary>From finding a server to the end of its connection. A change of network ends it, and so does the end of the client.</summary>
    private async Task AttemptAsync()
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(_shutdown.Token, RenewAttempt());
        try
        {
            if (!IsAnythingWanted())
            {
                Enter(PushPhase.Idle, null);
                await WaitAsync(null, null, either.Token).ConfigureAwait(false);
                return;
            }

            if (await ChooseAsync(either.Token).ConfigureAwait(false) is var (servers, server) && server is not null)
                await UseAsync(servers, server, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            _retries.Reset();
            _locateDelay = s_firstLocateDelay;
        }
    }

    private CancellationToken RenewAttempt()
    {
        lock (_gate)
        {
            if (!_attempt.IsCancellationRequested) return _attempt.Token;
            _attempt.Dispose();
            _attempt = new CancellationTokenSource();
            return _attempt.Token;
        }
    }

    private bool IsAnythingWanted()
    {
        lock (_gate) return _wanted.Count > 0;
    }

    /// <summary>Finds the server to try; without one waits until there may be one.</summary>
    private async Task<(ZoneServers Servers, TlsEndPoint? Server)> ChooseAsync(CancellationToken cancellationToken)
    {
        if (_phase is not (PushPhase.NotOffered or PushPhase.Waiting)) Enter(PushPhase.Connecting, null);
        ZoneServers servers;
        try
        {
            servers = await _locate(_phase == PushPhase.NotOffered, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException error)
        {
            Enter(PushPhase.Waiting, error);
            await WaitAsync(null, Now + _locateDelay, cancellationToken).ConfigureAwait(false);
            _locateDelay = _locateDelay * 2 < s_longestLocateDelay ? _locateDelay * 2 : s_longestLocateDelay;
            return default;
        }

        _locateDelay = s_firstLocateDelay;
        TimeSpan next = Now + _options.ProbeInterval;
        TlsEndPoint? server = servers.Push.Count == 0 ? null : _retries.Choose(Now, servers.Push, out next);
        if (server is not null) return (servers, server);
        Enter(servers.Push.Count == 0 ? PushPhase.NotOffered : PushPhase.Waiting, null);
        TimeSpan due = next;
        while (Now < due && IsAnythingWanted()) await WaitAsync(null, due, cancellationToken).ConfigureAwait(false);
        return default;
    }

    /// <summary>Waits for a message, a command, or until the time comes.</summary>
    private async Task WaitAsync(ChannelReader<byte[]>? frames, TimeSpan? due, CancellationToken cancellationToken)
    {
        TimeSpan? limit = due - Now;
        if (limit <= TimeSpan.Zero) return;
        using var timer = limit is { } wait ? new CancellationTokenSource(wait, _time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        Task command = _wake.Reader.WaitToReadAsync(either.Token).AsTask();
        Task frame = frames?.WaitToReadAsync(either.Token).AsTask() ?? command;
        await Task.WhenAny(command, frame).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(command, frame).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _wake.Reader.TryRead(out _);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Enter(PushPhase phase, BtmmException? error)
    {
        bool isNews = phase != _phase || error is not null;
        _phase = phase;
        if (isNews) _states.Writer.TryWrite(new ZoneServiceState(phase == PushPhase.Active, phase == PushPhase.Active ? WatchMode.Push : WatchMode.Searching, error));
    }
}
