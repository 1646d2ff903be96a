using System.Management.Automation;
using System.Net;
using Btmm.Core.Administration;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>New-BtmmZone: adds a zone to a running zone service, or changes one.</summary>
[Cmdlet(VerbsCommon.New, "BtmmZone", SupportsShouldProcess = true)]
[OutputType(typeof(BtmmZone))]
public sealed class NewBtmmZoneCommand : ServerCmdlet
{
    private const int DnsPort = 53;
    private const int MaxSecondaries = 16;
    private const int MaxNetworks = 64;

    private static readonly ZoneSettings s_defaults = new(DnsName.Root);

    /// <summary>The zones' names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Zone", "Domain")]
    [ValidateNotNullOrEmpty]
    public DnsName[] Name { get; set; } = [];

    /// <summary>Lets anybody read the zone, as in ordinary DNS.</summary>
    [Parameter]
    public SwitchParameter Public { get; set; }

    /// <summary>The first label of the server's own name in the zone.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string ServerLabel { get; set; } = s_defaults.ServerLabel;

    /// <summary>Records that the zone may have.</summary>
    [Parameter]
    [ValidateRange(ZoneQuota.FewestRecords, int.MaxValue)]
    public int MaxRecords { get; set; } = s_defaults.Quota.MaxRecords;

    /// <summary>Records that one name may have.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int MaxRecordsPerName { get; set; } = s_defaults.Quota.MaxRecordsPerName;

    /// <summary>Updates a minute that it may have, of all keys together; 0 for any number.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int UpdatesPerMinute { get; set; } = s_defaults.Quota.UpdatesPerMinute;

    /// <summary>Secondary servers to tell of changes.</summary>
    [Parameter]
    [ValidateCount(0, MaxSecondaries)]
    public IPEndPoint[] Secondary { get; set; } = [];

    /// <summary>The key that signs what they are told.</summary>
    [Parameter]
    public DnsName? NotifyKeyName { get; set; }

    /// <summary>Tells the name servers in the zone's NS records as well.</summary>
    [Parameter]
    public SwitchParameter NotifyNameServer { get; set; }

    /// <summary>Networks that a public zone may be transferred to without a key.</summary>
    [Parameter]
    [ValidateCount(0, MaxNetworks)]
    public IPNetwork[] TransferNetwork { get; set; } = [];

    /// <summary>Changes the settings of a zone that is there; its records stay.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DnsName name in Name) ForItem(name, () => Add(name));
    }

    private void Add(DnsName name)
    {
        ServerTarget target = GetTarget();
        if (!ShouldProcess($"{target}", $"{(Force ? "add or change" : "add")} zone {name}")) return;
        var settings = new ZoneSettings(name)
        {
            IsPublic = Public,
            ServerLabel = ServerLabel,
            Quota = new ZoneQuota { MaxRecords = MaxRecords, MaxRecordsPerName = MaxRecordsPerName, UpdatesPerMinute = UpdatesPerMinute },
            Secondaries = [.. Secondary.Select(endpoint => new ZoneSecondary(WithPort(endpoint), NotifyKeyName))],
            NotifiesNameServers = NotifyNameServer,
            TransferNetworks = TransferNetwork,
        };
        WriteObject(new BtmmZone(Await(token => target.Administration.PutZoneAsync(settings, Force, token), "Adding the zone"), target));
    }

    private static IPEndPoint WithPort(IPEndPoint endpoint) => endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, DnsPort) : endpoint;
}
