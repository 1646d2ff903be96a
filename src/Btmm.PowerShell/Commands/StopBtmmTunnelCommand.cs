using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Stop-BtmmTunnel: stops a node, or closes the tunnel to one peer.</summary>
[Cmdlet(VerbsLifecycle.Stop, "BtmmTunnel", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "InputObject")]
[OutputType(typeof(BtmmTunnelJob), typeof(BtmmTunnel))]
public sealed class StopBtmmTunnelCommand : BtmmCmdlet
{
    /// <summary>Names of jobs, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter<BtmmTunnelJob>))]
    public string[] Name { get; set; } = [];

    /// <summary>Jobs of Start-BtmmTunnel, or tunnels of Get-BtmmTunnel.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Emits what was stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject item in InputObject) ForItem(item.BaseObject, () => Stop(item.BaseObject));
        if (ParameterSetName == "Name") StopByName();
    }

    private void StopByName()
    {
        BtmmTunnelJob[] jobs = [.. Session.Jobs.OfType<BtmmTunnelJob>()];
        ForNamed(Name, jobs, static job => [job.Name], job => ForItem(job, () => Stop(job)), static name =>
            new BtmmException(BtmmErrorReason.NameNotFound, $"There is no tunnel job {name}.", "Get-Job shows the jobs of this session."));
    }

    private void Stop(object item)
    {
        switch (item)
        {
            case BtmmTunnelJob job:
                if (!ShouldProcess(job.Name, "withdraw records, close tunnels and stop the node")) return;
                Await(_ => Task.Run(job.StopJob, CancellationToken.None));
                break;
            case BtmmTunnel tunnel:
                if (!ShouldProcess(tunnel.FullName, "close the tunnel")) return;
                tunnel.Job.CloseTunnel(tunnel.FullName);
                break;
            default:
                throw new BtmmException(
                    BtmmErrorReason.InvalidValue,
                    $"A {item.GetType().Name} is neither a tunnel nor a tunnel's job.",
                    "Give what Start-BtmmTunnel or Get-BtmmTunnel emitted.");
        }
        if (PassThru) WriteObject(item);
    }
}
