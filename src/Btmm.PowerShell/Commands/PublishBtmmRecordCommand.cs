using System.Globalization;
using System.Management.Automation;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;

namespace Btmm.PowerShell.Commands;

/// <summary>Publish-BtmmRecord: puts a record into a zone by a signed update.</summary>
[Cmdlet(VerbsData.Publish, "BtmmRecord", SupportsShouldProcess = true)]
[OutputType(typeof(BtmmRecord))]
public sealed class PublishBtmmRecordCommand : ZoneCmdlet
{
    /// <summary>The record's name, relative to the zone; @ is the zone itself.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>The record's type.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateSet("A", "AAAA", "SRV", "TXT", "PTR", "CNAME")]
    public DnsType Type { get; set; }

    /// <summary>The data.</summary>
    [Parameter(Position = 2)]
    public object[]? Data { get; set; }

    /// <summary>The port of an SRV record whose data is not given; 0 to 65535, or null as other records have it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("ExternalPort")]
    public int? Port { get; set; }

    /// <summary>The target of an SRV, PTR or CNAME record whose data is not given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Target { get; set; }

    /// <summary>The address of an A or AAAA record whose data is not given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("ExternalAddress")]
    public IPAddress? Address { get; set; }

    /// <summary>The strings of a TXT record whose data is not given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string[]? Text { get; set; }

    /// <summary>How long a resolver may keep the record.</summary>
    [Parameter]
    [Duration]
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the server keeps the record unless it is renewed; 0 for good.</summary>
    [Parameter]
    [Duration]
    public TimeSpan LeaseTime { get; set; } = RecordLease.Default;

    /// <summary>Keeps the records that have the same name and type.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Emits the record.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name, () =>
    {
        using ZoneAccess zone = GetAccess();
        DnsName name = zone.Absolute(Name);
        DnsData data = ReadData(zone, name);
        TimeSpan? lease = LeaseTime > TimeSpan.Zero ? LeaseTime : null;
        string duration = lease is { } time ? $" for {RecordLease.Describe(time)}" : string.Empty;
        if (!ShouldProcess(name.ToString(), $"publish {Type} {data}{duration}")) return;

        var record = new DnsRecord(name, (uint)TimeToLive.TotalSeconds, data);
        var update = new DnsUpdateBuilder(zone.Domain);
        update = Append ? update.Add(name, record.Ttl, data) : update.Replace(name, record.Ttl, data);
        DnsUpdateResult result = AwaitAnswer(token => zone.UpdateAsync(update, lease, token));
        if (PassThru) WriteObject(zone.Describe(record, result));
    });

    private DnsData ReadData(ZoneAccess zone, DnsName name)
    {
        IReadOnlyList<string> values = Data is { Length: > 0 } ? [.. Data.Select(ToText)] : DefaultData(zone, name);
        if (RecordDataParser.TryParse(Type, values, out DnsData? data)) return data;
        string given = values.Count == 0 ? "nothing was given" : $"'{string.Join("', '", values)}' is not";
        throw new BtmmException(
            BtmmErrorReason.InvalidValue,
            $"The data of {Type} must be {RecordDataParser.Form(Type)}; {given}.",
            Type == DnsType.SRV ? "Give -Data, or -Port and perhaps -Target." : "Give -Data in that form.");
    }

    // What the properties of a mapping or of a record amount to.
    private IReadOnlyList<string> DefaultData(ZoneAccess zone, DnsName name) => Type switch
    {
        DnsType.A or DnsType.AAAA when Address is not null => [Address.ToString()],
        DnsType.SRV when Port is not null =>
            [string.Create(CultureInfo.InvariantCulture, $"0 0 {Port} {(Target is null ? HostOf(name) : zone.Absolute(Target))}")],
        DnsType.TXT when Text is not null => Text,
        DnsType.PTR or DnsType.CNAME when Target is not null => [zone.Absolute(Target).ToString()],
        _ => [],
    };

    // _autotunnel._udp.studio.example.net is a service of studio.example.net.
    private static DnsName HostOf(DnsName name)
    {
        while (name.FirstLabel.StartsWith('_')) name = name.Parent;
        return name;
    }

    private static string ToText(object value) =>
        Convert.ToString(value is PSObject wrapped ? wrapped.BaseObject : value, CultureInfo.InvariantCulture) ?? string.Empty;
}
