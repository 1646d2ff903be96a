using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;

namespace Btmm.PowerShell.Commands;

/// <summary>Unpublish-BtmmRecord: takes records out of a zone by a signed update.</summary>
[Cmdlet(VerbsData.Unpublish, "BtmmRecord", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(BtmmRecord))]
public sealed class UnpublishBtmmRecordCommand : ZoneCmdlet
{
    /// <summary>The name, relative to the zone; @ is the zone itself.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The type of the records; all types unless given.</summary>
    [Parameter(Position = 1, ParameterSetName = "Name")]
    [ValidateSet("A", "AAAA", "SRV", "TXT", "PTR", "CNAME")]
    public DnsType? Type { get; set; }

    /// <summary>The data of the one record to delete.</summary>
    [Parameter(Position = 2, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    public string[]? Data { get; set; }

    /// <summary>The records to delete.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public BtmmRecord[] InputObject { get; set; } = [];

    /// <summary>Emits the records that were deleted.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BtmmRecord record in InputObject) ForItem(record, () => Remove(record));
        foreach (string name in Name) ForItem(name, () => Remove(name));
    }

    private void Remove(BtmmRecord record)
    {
        using ZoneAccess zone = GetAccess();
        if (!ShouldProcess(record.Name, $"unpublish {record.Type} {record.Data}")) return;
        DnsUpdateBuilder update = new DnsUpdateBuilder(zone.Domain).Delete(record.Record.Name, record.Record.Data);
        AwaitAnswer(token => zone.UpdateAsync(update, null, token));
        if (PassThru) WriteObject(record);
    }

    private void Remove(string text)
    {
        using ZoneAccess zone = GetAccess();
        DnsName name = zone.Absolute(text);
        var update = new DnsUpdateBuilder(zone.Domain);
        string what;
        if (Type is not { } type)
        {
            what = "all records";
            update.DeleteName(name);
        }
        else if (Data is null)
        {
            what = $"all {type}";
            update.DeleteRRSet(name, type);
        }
        else if (RecordDataParser.TryParse(type, Data, out DnsData? data))
        {
            what = $"{type} {data}";
            update.Delete(name, data);
        }
        else
        {
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"The data of {type} must be {RecordDataParser.Form(type)}.", "Give -Data in that form.");
        }
        if (ShouldProcess(name.ToString(), $"unpublish {what}")) AwaitAnswer(token => zone.UpdateAsync(update, null, token));
    }
}
