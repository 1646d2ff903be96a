using System.Management.Automation;
using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>New-NatPmpMapping: opens a port on the gateway.</summary>
[Cmdlet(VerbsCommon.New, "NatPmpMapping", SupportsShouldProcess = true)]
[OutputType(typeof(NatPmpMapping))]
public sealed class NewNatPmpMappingCommand : BtmmCmdlet
{
    /// <summary>The port on this host, 1 to 65535.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Port")]
    [ValidateRange(1, 65535)]
    public int InternalPort { get; set; }

    /// <summary>Tcp or Udp.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public PortMappingProtocol Protocol { get; set; }

    /// <summary>The port wanted on the gateway's public side; 0 for any.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 65535)]
    public int ExternalPort { get; set; }

    /// <summary>How long the mapping is wanted.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The protocol to speak with the gateway.</summary>
    [Parameter]
    [ValidateSet("Auto", "NatPmp")]
    public string Method { get; set; } = "Auto";

    /// <summary>The gateway; the default gateway unless given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public IPAddress? Gateway { get; set; }

    /// <summary>How long to wait for the gateway.</summary>
    [Parameter]
    [Duration]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem($"{Protocol} {InternalPort}", () =>
    {
        IPAddress gateway = Gateway ?? Engine.FindGateway().Gateway;
        var request = new PortMappingRequest(Protocol, InternalPort, ExternalPort, Lifetime);
        if (!ShouldProcess($"router {gateway}", $"map {PortMapper.Describe(request)}")) return;
        NatPmpMapping mapping = Await(token => PortMapper.MapAsync(gateway, request, Timeout, token), "Waiting for the gateway");
        WriteVerbose($"{gateway} granted {mapping} for {mapping.Lifetime.TotalSeconds:0} s.");
        Session.Hold(mapping);
        WriteObject(mapping);
    });
}
