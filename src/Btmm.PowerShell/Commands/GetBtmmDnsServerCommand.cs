using System.Management.Automation;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmDnsServer: shows running zone services: counters, subscriptions, store, latencies.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmDnsServer")]
[OutputType(typeof(BtmmDnsServer))]
public sealed class GetBtmmDnsServerCommand : ServerCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BtmmDnsServerJob[] jobs = IsServerGiven ? [] : [.. Session.Jobs.OfType<BtmmDnsServerJob>().Where(j => !j.IsFinished)];
        ServerTarget[] targets = jobs.Length > 0 ? [.. jobs.Select(Of)] : [GetTarget()];
        foreach (ServerTarget target in targets)
            ForItem(target.ToString(), () => WriteObject(new BtmmDnsServer(Await(target.Administration.GetServerAsync, "Asking the zone service"), target)));
    }
}
