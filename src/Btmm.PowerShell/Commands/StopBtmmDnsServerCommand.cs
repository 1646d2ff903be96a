using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Commands;

/// <summary>Stop-BtmmDnsServer: stops zone services of this session.</summary>
[Cmdlet(VerbsLifecycle.Stop, "BtmmDnsServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "InputObject")]
[OutputType(typeof(BtmmDnsServerJob))]
public sealed class StopBtmmDnsServerCommand : BtmmCmdlet
{
    /// <summary>Names of jobs, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter<BtmmDnsServerJob>))]
    public string[] Name { get; set; } = [];

    /// <summary>Jobs of Start-BtmmDnsServer.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "InputObject")]
    [Alias("Job")]
    [ValidateNotNull]
    public BtmmDnsServerJob[] InputObject { get; set; } = [];

    /// <summary>Emits the jobs that were stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BtmmDnsServerJob job in InputObject) ForItem(job, () => Stop(job));
        if (ParameterSetName == "Name") StopByName();
    }

    private void StopByName()
    {
        BtmmDnsServerJob[] jobs = [.. Session.Jobs.OfType<BtmmDnsServerJob>()];
        ForNamed(Name, jobs, static job => [job.Name], job => ForItem(job, () => Stop(job)), static name =>
            new BtmmException(BtmmErrorReason.NameNotFound, $"There is no zone service job {name}.", "Get-Job shows the jobs of this session."));
    }

    private void Stop(BtmmDnsServerJob job)
    {
        if (!ShouldProcess(job.Name, $"stop the zone service at {job.Location}")) return;
        Await(_ => Task.Run(job.StopJob, CancellationToken.None));
        if (PassThru) WriteObject(job);
    }
}
