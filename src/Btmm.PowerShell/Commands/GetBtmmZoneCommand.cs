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
        var filter = new NameFilter(Name);
        foreach (ZoneInfo zone in zones.Where(zone => filter.Matches(zone.Apex.ToString()))) WriteObject(new BtmmZone(zone, target));
        foreach (string name in filter.Missing(zones.Select(zone => zone.Apex.ToString())))
        {
            var failure = new BtmmException(BtmmErrorReason.NameNotFound, $"There is no zone {name}.", "Get-BtmmZone without a name shows all.");
            WriteError(ErrorMap.ToErrorRecord(failure, name));
        }
    });
}
