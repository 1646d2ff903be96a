using System.Management.Automation;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Import-BtmmZone: puts the records of a zone file in place of those of a zone.</summary>
[Cmdlet(VerbsData.Import, "BtmmZone", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BtmmZoneImport))]
public sealed class ImportBtmmZoneCommand : ServerCmdlet
{
    /// <summary>The zone's name; it must be there.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Zone", "Domain")]
    [ArgumentCompleter(typeof(ZoneNameCompleter))]
    public DnsName Name { get; set; } = DnsName.Root;

    /// <summary>The zone file.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Path, () =>
    {
        ServerTarget target = GetTarget();
        string path = ResolvePath(Path);
        if (!ShouldProcess($"{target}", $"replace the records of zone {Name} by those of {path}")) return;
        WriteObject(new BtmmZoneImport(
            Await(async token =>
            {
                FileStream file = File.OpenRead(path);
                await using (file.ConfigureAwait(false))
                    return await target.Administration.ImportZoneAsync(Name, file, token).ConfigureAwait(false);
            }, "Importing the zone"),
            path));
    });
}
