using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Peers;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>
/// Watches record sets of an account's zone: by long-lived queries (RFC 8764), all on one socket or, when the server is a
/// <see cref="Tls.TlsEndPoint"/>, on one TLS connection; or by polling when the zone has none. Thread-safe; one loop does the work.
/// </summary>
/// <remarks>
/// <para>1. Find the servers (<see cref="ZoneLocator"/>); while that fails, try again with growing waits.</para>
/// <para>2. Set a query up for every watched set. A server that has none: poll each set by its TTL, within bounds.</para>
/// <para>3. Events are acknowledged and told at once, and confirmed by a query a little later. With a key, an event without a
/// valid signature is only a hint: it is acknowledged, and the set is asked for with a signed query before anything is told.</para>
/// <para>4. Every 25 s the zone's serial is asked for. A new serial without an event makes all sets be asked for; a set that is
/// found changed without an event is set up again. No answer at all leads back to 1.</para>
/// <para>5. After a change of network everything is set up again at once from a new socket (RFC 8764 §5.2.1: the server knows a
/// query by the client's address and port).</para>
/// </remarks>
public sealed partial class LlqClient : IRecordWatcher
{
    // Our own limits.
    private const int InboxLength = 512;
    private const int ChangesLength = 1024;
    private const int StatesLength = 16;
    private static readonly TimeSpan s_tellAgain = TimeSpan.FromMilliseconds(100);

    private readonly ZoneLocator _zone;
    private readonly DnsClient _client;
    private readonly IDatagramChannelFactory _channels;
    private readonly TimeProvider _time;
    private readonly LlqClientOptions _options;
    private readonly TsigKeyRing? _eventKeys;
    private readonly IRandomSource _random;
    private readonly long _origin;
    private readonly Lock _gate = new();
    private readonly HashSet<DnsQuestion> _wanted = [];
    private readonly Dictionary<DnsQuestion, LlqWatch> _watches = [];
    private readonly List<LlqWatch> _ending = [];
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Channel<LlqInput> _inbox = Channel.CreateBounded<LlqInput>(new BoundedChannelOptions(InboxLength) { SingleReader = true });
    private readonly Channel<RecordSetChange> _changes = Channel.CreateBounded<RecordSetChange>(ChangesLength);
    private readonly Channel<ZoneServiceState> _states = Channel.CreateBounded<ZoneServiceState>(
        new BoundedChannelOptions(StatesLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _loop;
    private volatile WatchMode _mode;
    private bool _networkChanged;
    private bool _disposed;

    /// <summary>Starts to work; nothing is sent before the first <see cref="Watch"/>.</summary>
    /// <param name="zone">Knows the zone's servers and the key.</param>
    /// <param name="client">Asks single questions.</param>
    /// <param name="channels">Opens the socket of the long-lived queries.</param>
    /// <param name="random">For message ids.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Null for the defaults.</param>
    public LlqClient(
        ZoneLocator zone, DnsClient client, IDatagramChannelFactory channels, IRandomSource random, TimeProvider time, LlqClientOptions? options = null)
    {
        _zone = zone;
        _client = client;
        _channels = channels;
        _random = random;
        _time = time;
        _options = options ?? new LlqClientOptions();
        _eventKeys = zone.Key is { } key ? new TsigKeyRing(key) : null;
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
        _inbox.Writer.TryWrite(LlqInput.Wake.Instance);
    }

    /// <inheritdoc/>
    public void Unwatch(DnsQuestion question)
    {
        lock (_gate) _wanted.Remove(question);
        _inbox.Writer.TryWrite(LlqInput.Wake.Instance);
    }

    /// <inheritdoc/>
    public void NetworkChanged()
    {
        lock (_gate) _networkChanged = true;
        _inbox.Writer.TryWrite(LlqInput.Wake.Instance);
    }

    /// <summary>Ends all queries at the server, for which it waits a moment, and closes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
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
            while (!_shutdown.IsCancellationRequested)
            {
                await WaitAsync(NextTimeout(), _shutdown.Token).ConfigureAwait(false);
                TakeCommands();
                for (int i = 0; i < InboxLength && _inbox.Reader.TryRead(out LlqInput? input); i++) await HandleAsync(input).ConfigureAwait(false);
                await WorkAsync().ConfigureAwait(false);
            }

            await EndQueriesAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            fault = e; // the readers of the channels get it
            throw;
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
            _changes.Writer.TryComplete(fault);
            _states.Writer.TryComplete(fault);
        }
    }

    /// <summary>Waits for input, or until the time comes.</summary>
    private async Task WaitAsync(TimeSpan? due, CancellationToken cancellationToken)
    {
        TimeSpan? limit = due - Now;
        if (limit <= TimeSpan.Zero) return;
        using var timer = limit is { } wait ? new CancellationTokenSource(wait, _time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        Task input = _inbox.Reader.WaitToReadAsync(either.Token).AsTask();
        await input.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The earliest time at which something is due; null when only input matters.</summary>
    private TimeSpan? NextTimeout()
    {
        TimeSpan? next = Earlier(_locateAt, Earlier(_keepaliveAt, Earlier(_resendAt, Earlier(_setupAt, _betterAt))));
        bool mayAsk = _asking < MaxQueries && _servers is not null;
        foreach (LlqWatch watch in _watches.Values)
        {
            next = Earlier(next, watch.Session.NextTimeout);
            if (mayAsk && !watch.IsAsking) next = Earlier(next, watch.QueryAt);
            if (watch.IsDirty) next = Earlier(next, Now + s_tellAgain);
        }

        foreach (LlqWatch watch in _ending) next = Earlier(next, watch.Session.NextTimeout);
        return next;
    }

    private static TimeSpan? Earlier(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right ?? left : left;

    /// <summary>Makes watches of what is wanted now, and ends what is not.</summary>
    private void TakeCommands()
    {
        DnsQuestion[] fresh, stale;
        bool moved;
        lock (_gate)
        {
            fresh = [.. _wanted.Where(question => !_watches.ContainsKey(question))];
            stale = [.. _watches.Keys.Where(question => !_wanted.Contains(question))];
            moved = _networkChanged;
            _networkChanged = false;
        }

        foreach (DnsQuestion question in stale) EndWatch(question);
        foreach (DnsQuestion question in fresh) BeginWatch(question);
        if (moved) StartOver();
    }

    private async Task HandleAsync(LlqInput input)
    {
        switch (input)
        {
            case LlqInput.Received received when received.Generation == _generation:
                HandleDatagram(received);
                break;
            case LlqInput.Connected connected:
                await HandleConnectedAsync(connected).ConfigureAwait(false);
                break;
            case LlqInput.SocketFailed failed when failed.Generation == _generation:
                await CloseSocketAsync().ConfigureAwait(false);
                GoDown(DnsErrors.Timeout(_server!));
                break;
            case LlqInput.Located located when located.Search == _search:
                HandleLocated(located);
                break;
            case LlqInput.Answered answered:
                HandleAnswered(answered);
                break;
        }
    }

    private async Task WorkAsync()
    {
        TimeSpan now = Now;
        Locate(now);
        await KeepSocketAsync().ConfigureAwait(false);
        foreach (LlqWatch watch in _watches.Values.Concat(_ending).ToArray()) watch.Session.HandleTimeout(now);
        SetUpAgain(now);
        KeepAlive(now);
        TakeEvents(now);
        Ask(now);
        await SendAllAsync(now).ConfigureAwait(false);
        Tell();
    }

    /// <summary>Passes on what changed; what does not fit is tried again soon, with what the set is then.</summary>
    private void Tell()
    {
        foreach (LlqWatch watch in _watches.Values)
        {
            if (watch.IsDirty && _changes.Writer.TryWrite(new RecordSetChange(watch.Question, watch.Records))) watch.IsDirty = false;
        }
    }
}
