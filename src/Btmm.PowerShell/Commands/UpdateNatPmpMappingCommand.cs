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
        TimeSpan lifetime = Lifetime ?? (mapping.IsPending ? TimeSpan.FromHours(1) : mapping.Lifetime);
        PortMappingRequest request = PortRequest.Checked(
            new PortMappingRequest(mapping.Protocol, mapping.InternalPort, mapping.ExternalPort, lifetime));
        if (!ShouldProcess($"router {mapping.Gateway}", $"renew {PortRequest.Describe(request, mapping.Method)}")) return;

        // By the protocol that made it: another would make a second mapping.
        NatPmpMapping renewed = Map(Gateways.RouteTo(mapping.Gateway), mapping.Method, request);
        if (renewed.ExternalPort != mapping.ExternalPort && !mapping.IsPending)
            WriteWarning($"{mapping.Gateway} had forgotten the mapping; it is now at port {renewed.ExternalPort} instead of {mapping.ExternalPort}.");
        if (PassThru) WriteObject(renewed);
    }
}
