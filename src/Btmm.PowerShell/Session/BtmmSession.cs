using System.Collections.Concurrent;
using System.Management.Automation.Runspaces;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Session;

/// <summary>
/// What one runspace keeps between cmdlets: the mappings it asked for and the jobs it started. Thread-safe.
/// Disposed when the module is removed or the runspace closes; its jobs are then stopped.
/// </summary>
internal sealed class BtmmSession : IDisposable
{
    private static readonly ConcurrentDictionary<Guid, BtmmSession> s_states = new();

    private readonly Lock _gate = new();
    private readonly Runspace? _runspace;
    private readonly List<NatPmpMapping> _mappings = [];
    private readonly List<BtmmJob> _jobs = [];

    private BtmmSession(Runspace? runspace)
    {
        _runspace = runspace;
        if (_runspace is not null) _runspace.StateChanged += OnRunspaceStateChanged;
    }

    /// <summary>The state of the runspace that runs on this thread.</summary>
    public static BtmmSession Current
    {
        get
        {
            Runspace? runspace = Runspace.DefaultRunspace;
            return s_states.GetOrAdd(runspace?.InstanceId ?? Guid.Empty, _ => new BtmmSession(runspace));
        }
    }

    /// <summary>The jobs of this runspace that have not been removed.</summary>
    public IReadOnlyList<BtmmJob> Jobs
    {
        get { lock (_gate) return [.. _jobs]; }
    }

    /// <summary>The account of the newest job that runs, or null.</summary>
    public BtmmAccount? CurrentAccount => Jobs.LastOrDefault(j => !j.IsFinished && j.Account is not null)?.Account;

    /// <summary>The mappings held, those past their lifetime left out.</summary>
    public IReadOnlyList<NatPmpMapping> Mappings
    {
        get
        {
            lock (_gate)
            {
                _mappings.RemoveAll(m => m.ExpiresIn <= TimeSpan.Zero);
                return [.. _mappings];
            }
        }
    }

    /// <summary>Drops the state of the runspace on this thread, if it has one.</summary>
    public static void Clear()
    {
        if (s_states.TryRemove(Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty, out BtmmSession? state)) state.Dispose();
    }

    /// <summary>Remembers a mapping in place of an earlier one for the same port.</summary>
    public void Hold(NatPmpMapping mapping)
    {
        lock (_gate)
        {
            _mappings.RemoveAll(mapping.IsSamePort);
            _mappings.Add(mapping);
        }
    }

    /// <summary>Forgets a mapping.</summary>
    public void Release(NatPmpMapping mapping)
    {
        lock (_gate) _mappings.RemoveAll(mapping.IsSamePort);
    }

    /// <summary>Remembers a job, so that it is stopped with the runspace.</summary>
    public void Hold(BtmmJob job)
    {
        lock (_gate) _jobs.Add(job);
        job.Removed += (_, _) =>
        {
            lock (_gate) _jobs.Remove(job);
        };
    }

    /// <summary>Stops the jobs, together and bounded, and forgets everything.</summary>
    public void Dispose()
    {
        if (_runspace is not null) _runspace.StateChanged -= OnRunspaceStateChanged;
        IReadOnlyList<BtmmJob> jobs = Jobs;
        Parallel.ForEach(jobs, job => job.StopJob());
        lock (_gate)
        {
            _mappings.Clear();
            _jobs.Clear();
        }
    }

    private void OnRunspaceStateChanged(object? sender, RunspaceStateEventArgs e)
    {
        if (e.RunspaceStateInfo.State is not (RunspaceState.Closing or RunspaceState.Closed or RunspaceState.Broken)) return;
        if (_runspace is not null) s_states.TryRemove(_runspace.InstanceId, out _);
        Dispose();
    }
}
