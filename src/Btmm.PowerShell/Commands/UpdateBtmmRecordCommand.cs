using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Update;

namespace Btmm.PowerShell.Commands;

/// <summary>Update-BtmmRecord: renews the lease of published records.</summary>
[Cmdlet(VerbsData.Update, "BtmmRecord", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(BtmmRecord))]
public sealed class UpdateBtmmRecordCommand : ZoneCmdlet
{
    /// <summary>The name, relative to the zone; @ is the zone itself.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The type of the records.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Name")]
    [ValidateSet("A", "AAAA", "SRV", "TXT", "PTR", "CNAME")]
    public DnsType Type { get; set; }

    /// <summary>The records to renew.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public BtmmRecord[] InputObject { get; set; } = [];

    /// <summary>The new lease.</summary>
    [Parameter]
    [Duration]
    public TimeSpan LeaseTime { get; set; } = RecordLease.Default;

    /// <summary>Emits the renewed records.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BtmmRecord record in InputObject)
            ForItem(record, () => Renew(_ => record.Record.Name, record.Type, [record.Record]));
        foreach (string name in Name) ForItem(name, () => Renew(zone => zone.Absolute(name), Type, null));
    }

    // The records are added again as they are: a record that is there is not changed, but its lease begins anew.
    private void Renew(Func<ZoneAccess, DnsName> find, DnsType type, IReadOnlyList<DnsRecord>? records)
    {
        using ZoneAccess zone = GetAccess();
        DnsName name = find(zone);
        if (!ShouldProcess(name.ToString(), $"renew {type} for {RecordLease.Describe(LeaseTime)}")) return;
        records ??= AwaitAnswer(token => zone.GetRecordsAsync(new DnsQuestion(name, type), token));
        if (records.Count == 0)
            throw new BtmmException(BtmmErrorReason.NameNotFound, $"{name} has no {type} record.", "Publish it with Publish-BtmmRecord.");

        var update = new DnsUpdateBuilder(zone.Domain);
        foreach (DnsRecord record in records) update.Add(record.Name, record.Ttl, record.Data);
        DnsUpdateResult result = AwaitAnswer(token => zone.UpdateAsync(update, LeaseTime, token));
        if (!PassThru) return;
        foreach (DnsRecord record in records) WriteObject(zone.Describe(record, result));
    }
}
