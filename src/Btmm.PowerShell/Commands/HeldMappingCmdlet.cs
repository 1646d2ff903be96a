using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that change mappings which this session holds, or another one left on a gateway.</summary>
public abstract class HeldMappingCmdlet : MappingCmdlet
{
    /// <summary>The mappings.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public NatPmpMapping[] InputObject { get; set; } = [];

    /// <summary>The ports on this host whose mappings are meant.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Port")]
    [Alias("Port")]
    [Ports]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, 65535)]
    [ArgumentCompleter(typeof(HeldPortCompleter))]
    public int[] InternalPort { get; set; } = [];

    /// <summary>The protocols of the mappings.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Port")]
    [ValidateNotNullOrEmpty]
    public PortMappingProtocol[] Protocol { get; set; } = [];

    /// <summary>Emits the mappings concerned.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == "InputObject")
        {
            using var all = new RangeProgress(this, InputObject.Length);
            for (int i = 0; i < InputObject.Length; i++)
            {
                NatPmpMapping mapping = InputObject[i];
                all.Report(i, mapping.ToString());
                ForItem(mapping, () => Change(mapping));
            }
            return;
        }
        (int Port, PortMappingProtocol Protocol)[] wanted = [.. InternalPort.SelectMany(port => Protocol.Distinct().Select(protocol => (port, protocol)))];
        using var progress = new RangeProgress(this, wanted.Length);
        for (int i = 0; i < wanted.Length; i++)
        {
            (int port, PortMappingProtocol protocol) = wanted[i];
            progress.Report(i, $"{protocol} {port}");
            ForItem($"{protocol} {port}", () => ChangeAll(port, protocol));
        }
    }

    /// <summary>Changes one mapping.</summary>
    /// <param name="mapping">The mapping.</param>
    private protected abstract void Change(NatPmpMapping mapping);

    // One port may be mapped at several gateways.
    private void ChangeAll(int port, PortMappingProtocol protocol)
    {
        NatPmpMapping[] found = [.. KnownMappings.All(Session).Where(m => m.InternalPort == port && m.Protocol == protocol)];
        if (found.Length == 0)
        {
            throw new BtmmException(
                BtmmErrorReason.NameNotFound,
                $"No mapping of {protocol} {port} is known.",
                "Get-NatPmpMapping -All shows what this user's sessions have mapped.");
        }
        foreach (NatPmpMapping mapping in found) Change(mapping);
    }
}
