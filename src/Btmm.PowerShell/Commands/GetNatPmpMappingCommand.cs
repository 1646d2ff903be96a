using System.Management.Automation;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-NatPmpMapping: shows the mappings that this session holds.</summary>
[Cmdlet(VerbsCommon.Get, "NatPmpMapping")]
[OutputType(typeof(NatPmpMapping))]
public sealed class GetNatPmpMappingCommand : BtmmCmdlet
{
    /// <summary>Only mappings of these ports of this host.</summary>
    [Parameter(Position = 0)]
    [Alias("Port")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HeldPortCompleter))]
    public int[]? InternalPort { get; set; }

    /// <summary>Only mappings of these protocols.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public PortMappingProtocol[]? Protocol { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (NatPmpMapping mapping in Session.Mappings)
        {
            if (InternalPort?.Contains(mapping.InternalPort) == false) continue;
            if (Protocol?.Contains(mapping.Protocol) == false) continue;
            WriteObject(mapping);
        }
    }
}
