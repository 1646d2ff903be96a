using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using Btmm.Core.Peers;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using BtmmPeer = Btmm.PowerShell.Output.BtmmPeer;

namespace Btmm.PowerShell.Commands;

/// <summary>Watch-BtmmPeer: shows changes of the account's hosts as they happen.</summary>
[Cmdlet(VerbsCommon.Watch, "BtmmPeer")]
[OutputType(typeof(BtmmPeerChange))]
public sealed class WatchBtmmPeerCommand : ZoneCmdlet
{
    // How long the end of the subscription may take.
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(2);

    private ZoneAccess? _zone;
    private IRecordWatcher? _records;
    private PeerWatcher? _watcher;

    /// <summary>Names of hosts, with wildcards.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Ends after this time.</summary>
    [Parameter]
    [Duration(IsWait = true)]
    public TimeSpan? Duration { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name.Length == 0 ? Zone : string.Join(", ", Name), () =>
    {
        Open();
        // What cannot be found at all is an error at once; what fails later is a warning, and the watch goes on.
        AwaitAnswer(async token => await _zone.FindServersAsync(token).ConfigureAwait(false));
        _watcher.Start();
        DateTimeOffset? until = TimeProvider.System.GetUtcNow() + Duration;
        var filter = new NameFilter(Name);
        while (Await(token => WaitAsync(until, token)))
        {
            while (_records.States.TryRead(out ZoneServiceState? state)) Report(state);
            while (_watcher.Changes.TryRead(out PeerChange? change))
            {
                var peer = new BtmmPeer(change.Peer);
                if (filter.Matches(peer.Name, peer.FullName))
                    WriteObject(new BtmmPeerChange(change.Kind, peer, TimeProvider.System.GetUtcNow()));
            }
        }
        Close();
    });

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Select-Object -First leaves ProcessRecord by an exception, so the subscription is ended here too.
        if (disposing) Close();
        base.Dispose(disposing);
    }

    [MemberNotNull(nameof(_zone), nameof(_records), nameof(_watcher))]
    private void Open()
    {
        Close();
        _zone = GetAccess();
        _records = _zone.OpenWatch();
        _watcher = _zone.WatchPeers(_records);
    }

    private void Close()
    {
        if (_watcher is not { } watcher) return;
        _watcher = null;
        Task.Run(async () => await watcher.DisposeAsync().ConfigureAwait(false)).Wait(s_closeLimit);
        _zone?.Dispose();
    }

    // True when there is something to read, false at the end of the time or of the source.
    private async Task<bool> WaitAsync(DateTimeOffset? until, CancellationToken cancellationToken)
    {
        TimeSpan? left = until - TimeProvider.System.GetUtcNow();
        if (left <= TimeSpan.Zero) return false;
        using var timer = left is { } time ? new CancellationTokenSource(time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        Task<bool> changes = _watcher!.Changes.WaitToReadAsync(either.Token).AsTask();
        Task<bool> states = _records!.States.WaitToReadAsync(either.Token).AsTask();
        Task<bool> first = await Task.WhenAny(changes, states).ConfigureAwait(false);
        try
        {
            return await first.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Report(ZoneServiceState state)
    {
        if (!state.IsReachable) WriteWarning($"{state.Error?.Message ?? "The zone service does not answer."} The watch goes on.");
        else WriteVerbose(state.Mode switch
        {
            WatchMode.Push => "The zone service tells of changes by DNS Push Notifications.",
            WatchMode.LongLivedQueriesOverTls => "The zone service tells of changes by long-lived queries over TLS.",
            WatchMode.LongLivedQueries => "The zone service tells of changes by long-lived queries.",
            _ => "The zone service tells of no changes by itself; it is polled.",
        });
    }
}
