using System.Management.Automation;
using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that work on a running zone service: which one.</summary>
public abstract class ServerCmdlet : BtmmCmdlet
{
    /// <summary>The job of Start-BtmmDnsServer.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Job")]
    public BtmmDnsServerJob? InputObject { get; set; }

    /// <summary>The control socket of a service in another process.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? ControlPath { get; set; }

    /// <summary>Whether a service was named.</summary>
    internal bool IsServerGiven => InputObject is not null || !string.IsNullOrEmpty(ControlPath);

    /// <summary>
    /// The service that the parameters name; without them the newest zone service of this session, else the one at the default
    /// control socket. Connects to nothing yet.
    /// </summary>
    internal ServerTarget GetTarget()
    {
        if (!string.IsNullOrEmpty(ControlPath)) return At(ResolvePath(ControlPath));
        BtmmDnsServerJob? job = InputObject ?? Session.Jobs.OfType<BtmmDnsServerJob>().LastOrDefault(j => !j.IsFinished);
        return job is not null ? Of(job) : At(ControlSocket.Find());
    }

    internal static ServerTarget Of(BtmmDnsServerJob job) => new(job.Administration, job, null);

    private static ServerTarget At(string path) => new(new ControlClient(path, new LocalStreamDialer()), null, path);
}
