using System.Management.Automation;
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
        string what = $"{mapping.Protocol.ToString().ToUpperInvariant()} {mapping.InternalPort}";
        if (!ShouldProcess($"router {mapping.Gateway}", $"unmap {what}")) return;
        Await(token => PortMapper.DeleteAsync(mapping.Mapping, Timeout, token), "Waiting for the gateway");
        WriteVerbose($"{mapping.Gateway} deleted the mapping of {what}.");
        Session.Release(mapping);
        if (PassThru) WriteObject(mapping);
    }
}
