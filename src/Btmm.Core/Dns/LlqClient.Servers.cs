using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Core.Peers;

namespace Btmm.Core.Dns;

/// <content>Finding the servers.</content>
public sealed partial class LlqClient
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_resend = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<Task> _tasks = [];
    private readonly CancellationTokenSource _closing = new();
    private CancellationTokenSource _attempts = new();
    private ZoneServiceState? _reported;
    private ZoneServers? _servers;
    private IPEndPoint? _server;
    private int _serverIndex;
    private int _search;
    private bool _isLocating;
    private TimeSpan? _locateAt;
    private TimeSpan _locateDelay = s_firstRetry;
    private LlqLink? _link;
    private bool _isConnecting;
    private int _generation;
    private bool _isSocketStale;
    private TimeSpan? _setupAt;
    private TimeSpan? _betterAt;

    private void Locate(TimeSpan now)
    {
        if (_servers is not null || _isLocating || _watches.Count == 0 || now < _locateAt) return;
        _isLocating = true;
        _locateAt = null;
        Run(LocateAsync(++_search, _attempts.Token));
    }

    private async Task LocateAsync(int search, CancellationToken cancellationToken)
    {
        LlqInput.Located located;
        try
        {
            ZoneServers servers = await _zone.GetAsync(cancellationToken).ConfigureAwait(false);
            located = new LlqInput.Located(search, servers, null);
        }
        catch (BtmmException e)
        {
            located = new LlqInput.Located(search, null, e);
        }

        await _inbox.Writer.WriteAsync(located, cancellationToken).ConfigureAwait(false);
    }

    private void HandleLocated(LlqInput.Located located)
    {
        _isLocating = false;
        if (located.Servers is not { } servers)
        {
            GoDown(located.Error!);
            return;
        }

        TimeSpan now = Now;
        _servers = servers;
        _serial = null;
        _server = ChooseServer(servers);
        bool mayHave = _server is not null;
        _keepaliveAt = now;
        if (!mayHave) Report(WatchMode.Polling, null);
        foreach (LlqWatch watch in _watches.Values) Begin(watch, now);
    }

    /// <summary>The first server for long-lived queries that has not just failed; those by TLS come first. Null when there is none.</summary>
    private IPEndPoint? ChooseServer(ZoneServers servers)
    {
        IPEndPoint[] all = [.. servers.LongLivedQueriesTls, .. servers.LongLivedQueries];
        if (all.Length == 0) return null;
        // A worse one than the first is for some time only.
        _betterAt = _serverIndex % all.Length > 0 ? Now + _options.SetupRetryInterval : null;
        return all[_serverIndex % all.Length];
    }

    /// <summary>Starts a watch with the server known.</summary>
    private void Begin(LlqWatch watch, TimeSpan now)
    {
        if (_server is not null) watch.Session.Start(now, _server is TlsEndPoint);
        else watch.AskBy(now);
    }

    /// <summary>The service does not answer: forget it and look for it again, later and later.</summary>
    private void GoDown(BtmmException error)
    {
        _zone.Report(error);
        Report(WatchMode.Searching, error);
        TimeSpan now = Now;
        _servers = null;
        _server = null;
        _serverIndex++;
        _isSocketStale = true;
        _isLocating = false;
        _search++;
        _setupAt = null;
        _betterAt = null;
        ForgetExchanges();
        foreach (LlqWatch watch in _watches.Values) watch.Session.Abandon();
        _locateAt = now + _locateDelay;
        _locateDelay = _locateDelay * 2 < _options.MaxRetryDelay ? _locateDelay * 2 : _options.MaxRetryDelay;
    }

    /// <summary>The network changed: everything anew, at once, from a new socket.</summary>
    private void StartOver()
    {
        TimeSpan now = Now;
        _isSocketStale = true;
        _locateDelay = s_firstRetry;
        _attempts.Cancel();
        _attempts.Dispose();
        _attempts = new CancellationTokenSource();
        _search++;
        _isLocating = false;
        _locateAt = null;
        ForgetExchanges();
        _asking = 0;
        foreach (LlqWatch watch in _ending) watch.Session.Abandon();
        _ending.Clear();
        if (_servers is not null) _keepaliveAt = now;
        foreach (LlqWatch watch in _watches.Values)
        {
            watch.IsAsking = false;
            if (_servers is not null) Begin(watch, now);
        }
    }

    private void Report(WatchMode mode, BtmmException? error)
    {
        bool isSame = mode == _mode && error is null && _reported is { Error: null };
        if (isSame) return;
        _mode = mode;
        _reported = new ZoneServiceState(error is null && mode != WatchMode.Searching, mode, error);
        _states.Writer.TryWrite(_reported);
    }

    /// <summary>Keeps a task until it is done, so that closing can wait for it.</summary>
    private void Run(Task task)
    {
        _tasks.RemoveWhere(old => old.IsCompleted);
        _tasks.Add(task);
    }

    private async Task CloseAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _attempts.CancelAsync().ConfigureAwait(false);
        await CloseSocketAsync().ConfigureAwait(false);
        ForgetExchanges();
        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DropConnectionsAsync().ConfigureAwait(false);
        _attempts.Dispose();
        _closing.Dispose();
    }
}
