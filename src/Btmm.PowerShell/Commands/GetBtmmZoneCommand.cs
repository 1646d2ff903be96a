using System.Management.Automation;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmZone: lists the zones of a running zone service.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmZone")]
[OutputType(typeof(BtmmZone))]
public sealed class GetBtmmZoneCommand : ServerCmdlet
{
    /// <summary>Names of zones, with wildcards; all unless given.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ZoneNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(InputObject, () =>
    {
        ServerTarget target = GetTarget();
        IReadOnlyList<ZoneInfo> zones = Await(target.Administration.GetZonesAsync, "Asking the zone service");
        ForNamed(Name, zones, static zone => [zone.Apex.ToString()], zone => WriteObject(new BtmmZone(zone, target)), static name =>
            new BtmmException(BtmmErrorReason.NameNotFound, $"There is no zone {name}.", "Get-BtmmZone without a name shows all."));
    });
}
