using System.Management.Automation;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Update-NatPmpMapping: renews mappings.</summary>
[Cmdlet(VerbsData.Update, "NatPmpMapping", SupportsShouldProcess = true, DefaultParameterSetName = "InputObject")]
[OutputType(typeof(NatPmpMapping))]
public sealed class UpdateNatPmpMappingCommand : HeldMappingCmdlet
{
    /// <summary>The new lifetime; that of the mapping unless given.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? Lifetime { get; set; }

    /// <inheritdoc/>
    private protected override void Change(NatPmpMapping mapping)
    {
        var request = new PortMappingRequest(mapping.Protocol, mapping.InternalPort, mapping.ExternalPort, Lifetime ?? mapping.Lifetime);
        if (!ShouldProcess($"router {mapping.Gateway}", $"renew {PortMapper.Describe(request)}")) return;
        NatPmpMapping renewed = Await(token => PortMapper.MapAsync(mapping.Gateway, request, Timeout, token), "Waiting for the gateway");
        WriteVerbose($"{mapping.Gateway} granted {renewed} for {renewed.Lifetime.TotalSeconds:0} s.");
        if (renewed.ExternalPort != mapping.ExternalPort)
            WriteWarning($"{mapping.Gateway} had forgotten the mapping; it is now at port {renewed.ExternalPort} instead of {mapping.ExternalPort}.");
        Session.Hold(renewed);
        if (PassThru) WriteObject(renewed);
    }
}
