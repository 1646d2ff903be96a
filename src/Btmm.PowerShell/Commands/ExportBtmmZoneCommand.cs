using System.Management.Automation;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Export-BtmmZone: writes a zone of a running zone service as a zone file.</summary>
[Cmdlet(VerbsData.Export, "BtmmZone", SupportsShouldProcess = true)]
[OutputType(typeof(string), typeof(FileInfo))]
public sealed class ExportBtmmZoneCommand : ServerCmdlet
{
    /// <summary>The zone's name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Zone", "Domain")]
    [ArgumentCompleter(typeof(ZoneNameCompleter))]
    public DnsName Name { get; set; } = DnsName.Root;

    /// <summary>The file to write; without it the text is emitted.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Overwrites a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name, () =>
    {
        ServerTarget target = GetTarget();
        if (Path is null)
        {
            WriteObject(Encoding.UTF8.GetString(Await(token => ExportAsync(target, token), "Exporting the zone")));
            return;
        }

        string path = ResolvePath(Path);
        if (!ShouldProcess(path, $"write zone {Name}")) return;
        if (File.Exists(path) && !Force)
            throw new BtmmException(BtmmErrorReason.AlreadyExists, $"The file {path} exists.", "Choose another name, or overwrite it with -Force.");
        File.WriteAllBytes(path, Await(token => ExportAsync(target, token), "Exporting the zone"));
        WriteObject(new FileInfo(path));
    });

    private async Task<byte[]> ExportAsync(ServerTarget target, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await target.Administration.ExportZoneAsync(Name, content, cancellationToken).ConfigureAwait(false);
        return content.ToArray();
    }
}
