using System.Management.Automation;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Remove-BtmmZone: removes zones with their records from a running zone service.</summary>
[Cmdlet(VerbsCommon.Remove, "BtmmZone", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveBtmmZoneCommand : ServerCmdlet
{
    /// <summary>The zones' names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Zone", "Domain")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ZoneNameCompleter))]
    public DnsName[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DnsName name in Name)
        {
            ForItem(name, () =>
            {
                ServerTarget target = GetTarget();
                if (ShouldProcess($"{target}", $"remove zone {name} with its records")) Await(token => target.Administration.RemoveZoneAsync(name, token));
            });
        }
    }
}
