using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that change mappings which this session holds.</summary>
public abstract class HeldMappingCmdlet : BtmmCmdlet
{
    /// <summary>The mappings.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public NatPmpMapping[] InputObject { get; set; } = [];

    /// <summary>The port on this host whose mapping is meant.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Port")]
    [Alias("Port")]
    [ValidateRange(1, 65535)]
    [ArgumentCompleter(typeof(HeldPortCompleter))]
    public int InternalPort { get; set; }

    /// <summary>The protocol of the mapping.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Port")]
    public PortMappingProtocol Protocol { get; set; }

    /// <summary>How long to wait for the gateway.</summary>
    [Parameter]
    [Duration]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Emits the mappings concerned.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (NatPmpMapping mapping in InputObject) ForItem(mapping, () => Change(mapping));
        if (ParameterSetName == "Port") ForItem($"{Protocol} {InternalPort}", () => Change(FindHeld()));
    }

    /// <summary>Changes one mapping.</summary>
    /// <param name="mapping">The mapping.</param>
    private protected abstract void Change(NatPmpMapping mapping);

    private NatPmpMapping FindHeld() =>
        Session.Mappings.FirstOrDefault(m => m.InternalPort == InternalPort && m.Protocol == Protocol)
        ?? throw new BtmmException(
            BtmmErrorReason.NameNotFound,
            $"This session holds no mapping of {Protocol} {InternalPort}.",
            "Look at Get-NatPmpMapping; mappings of other sessions end by themselves.");
}
