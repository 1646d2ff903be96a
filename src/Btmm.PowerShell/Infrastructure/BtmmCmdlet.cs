using System.Collections.Concurrent;
using System.Globalization;
using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// The base of all cmdlets. Asynchronous work runs on the thread pool while the pipeline thread drains a queue of
/// actions; everything that PowerShell allows on the pipeline thread alone (Write…, ShouldProcess) stays there.
/// Ctrl-C cancels <see cref="StopToken"/>.
/// </summary>
public abstract class BtmmCmdlet : PSCmdlet, IDisposable
{
    /// <summary>Waits longer than this are shown as progress.</summary>
    internal static readonly TimeSpan ProgressAfter = TimeSpan.FromSeconds(1);

    // How often a waiting cmdlet looks up.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromMilliseconds(100);

    // How long a stopped cmdlet waits for its own work to notice before it gives the prompt back.
    private static readonly TimeSpan s_stopGrace = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _userStop = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly AutoResetEvent _wake = new(false);
    private bool _disposed;

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    internal CancellationToken StopToken => _userStop.Token;

    /// <summary>What this runspace keeps between cmdlets.</summary>
    internal BtmmSession Session => BtmmSession.Current;

    /// <summary>Queues an action for the pipeline thread; run while it waits in <see cref="Await{T}"/>. Any thread.</summary>
    internal void Post(Action action)
    {
        _posted.Enqueue(action);
        if (!_disposed) _wake.Set();
    }

    /// <summary>
    /// Runs <paramref name="body"/> on the pool and returns its result; meanwhile posted actions run on this thread.
    /// What the body throws is thrown here; a stopped pipeline throws <see cref="PipelineStoppedException"/>.
    /// </summary>
    /// <param name="body">The work.</param>
    /// <param name="activity">What a long wait is shown as; null for a wait that is nobody's concern.</param>
    internal T Await<T>(Func<CancellationToken, Task<T>> body, string? activity = null)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_userStop.Token);
        Task<T> work = Task.Run(() => body(cancel.Token), CancellationToken.None);
        _ = work.ContinueWith(_ => Post(static () => { }), TaskScheduler.Default);
        try
        {
            Wait(work, activity);
        }
        catch
        {
            // A downstream cmdlet ended the pipeline out of WriteObject: the work must not outlive it.
            cancel.Cancel();
            ((IAsyncResult)work).AsyncWaitHandle.WaitOne(s_stopGrace);
            throw;
        }
        if (_userStop.IsCancellationRequested)
        {
            ((IAsyncResult)work).AsyncWaitHandle.WaitOne(s_stopGrace);
            throw new PipelineStoppedException();
        }
        return work.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Await{T}"/>
    internal void Await(Func<CancellationToken, Task> body) =>
        Await(async token =>
        {
            await body(token).ConfigureAwait(false);
            return true;
        });

    /// <summary>Like <see cref="Await{T}"/>, for at most <paramref name="limit"/>.</summary>
    /// <param name="limit">The longest wait.</param>
    /// <param name="body">The work.</param>
    /// <param name="activity">What a long wait is shown as.</param>
    /// <exception cref="BtmmException">Timeout: the time was up.</exception>
    internal T AwaitWithin<T>(TimeSpan limit, Func<CancellationToken, Task<T>> body, string activity = "Waiting for an answer") =>
        Await(async token =>
        {
            using var timer = new CancellationTokenSource(limit);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(token, timer.Token);
            try
            {
                return await body(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!token.IsCancellationRequested)
            {
                throw new BtmmException(
                    BtmmErrorReason.Timeout,
                    string.Create(CultureInfo.InvariantCulture, $"There was no answer within {limit.TotalSeconds:0.#} s."),
                    "Check that the other side is running and reachable, or give a longer -Timeout.");
            }
        }, activity);

    /// <summary>
    /// Handles one pipeline item: an expected failure becomes a non-terminating error about
    /// <paramref name="target"/>, and the next item is taken. Returns whether it went well.
    /// </summary>
    internal bool ForItem(object? target, Action action)
    {
        ErrorRecord error;
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (ErrorMap.IsExpected(e))
        {
            error = ErrorMap.ToErrorRecord(e, target);
        }
        WriteError(error);
        return false;
    }

    /// <summary>
    /// Takes each item that a filter of names, with wildcards, lets through. A name without wildcards that no item has is a
    /// non-terminating error.
    /// </summary>
    /// <param name="names">The filter; none lets everything through.</param>
    /// <param name="found">The items.</param>
    /// <param name="namesOf">The names of an item.</param>
    /// <param name="take">Takes an item.</param>
    /// <param name="missing">The failure of a name that no item has.</param>
    internal void ForNamed<T>(
        IEnumerable<string>? names, IReadOnlyCollection<T> found, Func<T, string[]> namesOf, Action<T> take, Func<string, BtmmException> missing)
    {
        var filter = new NameFilter(names);
        foreach (T item in found.Where(item => filter.Matches(namesOf(item)))) take(item);
        foreach (string name in filter.Missing(found.SelectMany(namesOf))) WriteError(ErrorMap.ToErrorRecord(missing(name), name));
    }

    /// <summary>A progress record of this cmdlet; all of them are one bar.</summary>
    internal ProgressRecord NewProgress(string status) => new(ProgressId, MyInvocation.MyCommand.Name, status);

    /// <summary>Starts a part of the engine; when that fails or is stopped, nothing of it stays.</summary>
    internal void AwaitStart(IAsyncDisposable part, Func<CancellationToken, Task> start)
    {
        try
        {
            Await(start);
        }
        catch
        {
            _ = Task.Run(async () => await part.DisposeAsync().ConfigureAwait(false));
            throw;
        }
    }

    /// <summary>Starts a job, puts it into the session's lists and emits it.</summary>
    internal void Launch(BtmmJob job)
    {
        JobRepository.Add(job);
        Session.Hold(job);
        job.Start();
        WriteObject(job);
    }

    /// <summary>The file system path that a user's path means in this session; no wildcards.</summary>
    internal string ResolvePath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        if (_disposed) return;
        _userStop.Cancel();
        _wake.Set();
    }

    /// <summary>Releases what the cmdlet holds; called at the end of the pipeline, however it ended.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">Whether managed resources are to be released.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || _disposed) return;
        _disposed = true;
        _userStop.Cancel();
    }

    private void Wait(Task work, string? activity)
    {
        long start = TimeProvider.System.GetTimestamp();
        ProgressRecord? progress = null;
        while (!work.IsCompleted && !_userStop.IsCancellationRequested)
        {
            _wake.WaitOne(s_lookInterval);
            DrainPosted();
            if (activity is null || TimeProvider.System.GetElapsedTime(start) < ProgressAfter || work.IsCompleted) continue;
            progress ??= NewProgress(activity);
            WriteProgress(progress);
        }
        DrainPosted();
        if (progress is null) return;
        progress.RecordType = ProgressRecordType.Completed;
        WriteProgress(progress);
    }

    // One per cmdlet, the same every time.
    private int ProgressId => MyInvocation.MyCommand.Name.Aggregate(17, static (hash, c) => unchecked((hash * 31) + c)) & int.MaxValue;

    private void DrainPosted()
    {
        while (_posted.TryDequeue(out Action? action)) action();
    }
}
