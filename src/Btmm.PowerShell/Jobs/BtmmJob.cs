using System.Collections;
using System.Management.Automation;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Infrastructure;

namespace Btmm.PowerShell.Jobs;

/// <summary>
/// A long-lived piece of the engine as a PowerShell job. Its output is the record of its state changes, of which the
/// newest <see cref="MaxOutput"/> are kept until they are received. Thread-safe.
/// </summary>
public abstract class BtmmJob : Job
{
    /// <summary>Records kept for Receive-Job; older ones are dropped.</summary>
    public const int MaxOutput = 1000;

    // The longest a stop may take: a polite good-bye to the other side, no more.
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _userStop = new();
    private readonly Lock _gate = new();
    private Task _run = Task.CompletedTask;
    private bool _finished;
    private bool _removed;

    /// <summary>Makes a job that has not started.</summary>
    /// <param name="command">The cmdlet that made it, for Get-Job's Command column.</param>
    /// <param name="name">The job's name, or null for Job1, Job2…</param>
    /// <param name="typeName">The job's type, for Get-Job's PSJobTypeName column.</param>
    /// <param name="account">The account that it serves, or null; stays the caller's.</param>
    protected BtmmJob(string command, string? name, string typeName, BtmmAccount? account)
        : base(command, name)
    {
        PSJobTypeName = typeName;
        Account = account;
    }

    /// <summary>Raised once when the job is removed.</summary>
    internal event EventHandler? Removed;

    /// <summary>The account that the job serves, the first of several; null when it serves none.</summary>
    public BtmmAccount? Account { get; }

    /// <inheritdoc/>
    public override bool HasMoreData =>
        Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || Verbose.Count > 0
        || Debug.Count > 0 || Information.Count > 0 || Progress.Count > 0;

    /// <inheritdoc/>
    public override string StatusMessage => Status;

    /// <inheritdoc/>
    public override string Location => Environment.MachineName;

    /// <summary>What the job is doing, in a few words.</summary>
    protected string Status { get; set; } = string.Empty;

    /// <summary>Whether the job has ended, well or not.</summary>
    internal bool IsFinished => JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped;

    /// <summary>Starts the job's work on the thread pool.</summary>
    internal void Start()
    {
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        SetJobState(JobState.Running);
        _run = Task.Run(RunToEndAsync);
    }

    /// <summary>Stops the job: asks politely, waits three seconds at most. Any number of calls.</summary>
    public override void StopJob()
    {
        if (IsFinished) return;
        _userStop.Cancel();
        if (!_run.Wait(s_stopLimit)) Finish(JobState.Stopped, null);
    }

    /// <summary>The job's work. Returns when it is over; throws when it failed.</summary>
    /// <param name="stopping">Cancelled when the job is to stop.</param>
    protected abstract Task RunAsync(CancellationToken stopping);

    /// <summary>Adds a record to the job's output, dropping the oldest past <see cref="MaxOutput"/>.</summary>
    /// <param name="record">The record.</param>
    protected void Publish(object record)
    {
        lock (_gate)
        {
            if (_finished) return;
            lock (((ICollection)Output).SyncRoot)
            {
                while (Output.Count >= MaxOutput) Output.RemoveAt(0);
                Output.Add(PSObject.AsPSObject(record));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_removed)
        {
            _removed = true;
            StopJob();
            Removed?.Invoke(this, EventArgs.Empty);
        }
        base.Dispose(disposing);
    }

    private async Task RunToEndAsync()
    {
        try
        {
            await RunAsync(_userStop.Token).ConfigureAwait(false);
            Finish(_userStop.IsCancellationRequested ? JobState.Stopped : JobState.Completed, null);
        }
        catch (OperationCanceledException) when (_userStop.IsCancellationRequested)
        {
            Finish(JobState.Stopped, null);
        }
        catch (Exception e)
        {
            Finish(JobState.Failed, ErrorMap.ToErrorRecord(e, this));
        }
    }

    // Finishing closes the streams, so the last error goes first.
    private void Finish(JobState state, ErrorRecord? error)
    {
        lock (_gate)
        {
            if (_finished) return;
            _finished = true;
        }
        Status = error?.Exception.Message ?? state.ToString();
        if (error is not null) Error.Add(error);
        SetJobState(state);
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
    }

    private void OnProcessExit(object? sender, EventArgs e) => StopJob();
}
