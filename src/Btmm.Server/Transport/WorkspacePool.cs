using System.Collections.Concurrent;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>Workspaces for those who need one now and then. Thread-safe.</summary>
internal sealed class WorkspacePool
{
    // Each has a buffer of 64 KiB.
    private const int MaxKept = 32;

    private readonly ConcurrentBag<RequestWorkspace> _free = [];

    internal RequestWorkspace Rent() => _free.TryTake(out RequestWorkspace? workspace) ? workspace : new RequestWorkspace();

    internal void Return(RequestWorkspace workspace)
    {
        if (_free.Count < MaxKept)
            _free.Add(workspace);
    }
}
