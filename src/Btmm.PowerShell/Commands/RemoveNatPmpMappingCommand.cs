using System.Management.Automation;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Remove-NatPmpMapping: closes ports on the gateway.</summary>
[Cmdlet(VerbsCommon.Remove, "NatPmpMapping", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "InputObject")]
[OutputType(typeof(NatPmpMapping))]
public sealed class RemoveNatPmpMappingCommand : HeldMappingCmdlet
{
    /// <inheritdoc/>
    private protected override void Change(NatPmpMapping mapping)
    {
        string what = PortRequest.Describe(mapping.Protocol, mapping.InternalPort);
        if (!ShouldProcess($"router {mapping.Gateway}", $"unmap {what} by {PortMappingNames.Of(mapping.Method)}")) return;
        Unmap(mapping);
        WriteVerbose($"{mapping.Gateway} deleted the mapping of {what}.");
        if (PassThru) WriteObject(mapping);
    }
}
