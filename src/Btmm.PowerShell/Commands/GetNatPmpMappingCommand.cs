using System.Management.Automation;
using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-NatPmpMapping: shows the mappings that this session, or this user's sessions, hold.</summary>
[Cmdlet(VerbsCommon.Get, "NatPmpMapping")]
[OutputType(typeof(NatPmpMapping))]
public sealed class GetNatPmpMappingCommand : BtmmCmdlet
{
    /// <summary>Only mappings of these ports of this host.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Port")]
    [Ports]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HeldPortCompleter))]
    public int[]? InternalPort { get; set; }

    /// <summary>Only mappings of these protocols.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public PortMappingProtocol[]? Protocol { get; set; }

    /// <summary>Only mappings at these gateways.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GatewayCompleter))]
    public IPAddress[]? Gateway { get; set; }

    /// <summary>Only mappings made by these protocols; Auto for any.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ValidateSet("Auto", "Pcp", "NatPmp", "Igd")]
    public string[] Method { get; set; } = ["Auto"];

    /// <summary>Also mappings of other sessions of this user that were not given back.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(null, () =>
    {
        foreach (NatPmpMapping mapping in All ? KnownMappings.All(Session) : Session.Mappings)
        {
            if (InternalPort?.Contains(mapping.InternalPort) == false) continue;
            if (Protocol?.Contains(mapping.Protocol) == false) continue;
            if (KnownMappings.IsAt(mapping, Gateway) && KnownMappings.IsBy(mapping, Method)) WriteObject(mapping);
        }
    });
}
