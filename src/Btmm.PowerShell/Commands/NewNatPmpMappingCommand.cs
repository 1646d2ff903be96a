using System.Management.Automation;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>New-NatPmpMapping: opens ports on the gateway.</summary>
[Cmdlet(VerbsCommon.New, "NatPmpMapping", SupportsShouldProcess = true)]
[OutputType(typeof(NatPmpMapping))]
public sealed class NewNatPmpMappingCommand : MappingCmdlet
{
    private bool _continues;
    private int _count;
    private GatewayRoute? _route;

    /// <summary>The ports on this host, 1 to 65535.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Port")]
    [Ports]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, 65535)]
    public int[] InternalPort { get; set; } = [];

    /// <summary>Tcp, Udp or both.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public PortMappingProtocol[] Protocol { get; set; } = [];

    /// <summary>The port wanted on the gateway's public side, the first of several; 0 for any.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 65535)]
    public int ExternalPort { get; set; }

    /// <summary>Takes no other external port than the one wanted: that of ExternalPort, or the same as on this host.</summary>
    [Parameter]
    public SwitchParameter ExactPort { get; set; }

    /// <summary>How long the mapping is wanted.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The protocol to speak with the gateway.</summary>
    [Parameter]
    [ValidateSet("Auto", "Pcp", "NatPmp", "Igd")]
    public string Method { get; set; } = "Auto";

    /// <summary>The gateway; the default gateway unless given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(GatewayCompleter))]
    public IPAddress? Gateway { get; set; }

    private PortMappingMethod? Wanted => PortRequest.MethodOf(Method);

    // Given on the command line, the external port is the first for all ports that the pipeline brings. An object may bring its
    // own instead; and where the pipeline brings gateways, the same ports are wanted at each.
    /// <inheritdoc/>
    protected override void BeginProcessing() => _continues = ExternalPort != 0 && InternalPort.Length == 0;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        int[] ports = [.. InternalPort.Distinct()];
        (int Offset, int Port, PortMappingProtocol Protocol)[] items =
            [.. ports.SelectMany((port, i) => Protocol.Distinct().Select(protocol => (i, port, protocol)))];
        using var progress = new RangeProgress(this, items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            progress.Report(i, $"{items[i].Protocol} {items[i].Port}");
            if (TryMap(items[i].Protocol, items[i].Port, items[i].Offset)) continue;
            if (i + 1 < items.Length) WriteWarning($"The gateway is not asked for the other {items.Length - i - 1} ports.");
            break;
        }
        _count += ports.Length;
    }

    /// <summary>Maps one port; false when there is no use in asking for others.</summary>
    private bool TryMap(PortMappingProtocol protocol, int port, int offset)
    {
        BtmmErrorReason? failure = null;
        ForItem($"{protocol} {port}", () =>
        {
            try
            {
                Map(PortRequest.Checked(new PortMappingRequest(protocol, port, ExternalPortFor(port, offset), Lifetime) { PreferFailure = ExactPort }));
            }
            catch (BtmmException e)
            {
                failure = e.Reason;
                throw;
            }
        });
        return !GatewayFailures.IsOfGateway(failure);
    }

    private void Map(PortMappingRequest request)
    {
        GatewayRoute route = FindRoute();
        if (!ShouldProcess($"router {route.Gateway}", $"map {PortRequest.Describe(request, Wanted)}")) return;
        WriteObject(Map(route, Wanted, request));
    }

    private GatewayRoute FindRoute()
    {
        if (_route is not null && (Gateway is null || Gateway.Equals(_route.Gateway))) return _route;
        return _route = Gateway is null ? Gateways.FindDefault() : Gateways.RouteTo(Gateway);
    }

    private int ExternalPortFor(int port, int offset)
    {
        if (ExternalPort == 0) return ExactPort ? port : 0;
        return ExternalPort + offset + (_continues ? _count : 0);
    }
}
