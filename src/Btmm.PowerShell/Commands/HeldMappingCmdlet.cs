using System.Globalization;
using System.Management.Automation;
using System.Net;
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
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Port")]
    [Alias("Port")]
    [Ports]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, 65535)]
    [ArgumentCompleter(typeof(HeldPortCompleter))]
    public int[] InternalPort { get; set; } = [];

    /// <summary>The protocols of the mappings.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Port")]
    [ValidateNotNullOrEmpty]
    public PortMappingProtocol[] Protocol { get; set; } = [];

    /// <summary>The gateways of the mappings; all unless given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = "Port")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GatewayCompleter))]
    public IPAddress[]? Gateway { get; set; }

    /// <summary>The protocols by which the mappings were made; any unless given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = "Port")]
    [ValidateNotNullOrEmpty]
    [ValidateSet("Auto", "Pcp", "NatPmp", "Igd")]
    public string[] Method { get; set; } = ["Auto"];

    /// <summary>Emits the mappings concerned.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        NatPmpMapping[] mappings = InputObject;
        if (ParameterSetName != "InputObject") ForItem(null, () => mappings = [.. Find()]);
        using var progress = new RangeProgress(this, mappings.Length);
        for (int i = 0; i < mappings.Length; i++)
        {
            NatPmpMapping mapping = mappings[i];
            progress.Report(i, mapping.ToString());
            ForItem(mapping, () => Change(mapping));
        }
    }

    /// <summary>Changes one mapping.</summary>
    /// <param name="mapping">The mapping.</param>
    private protected abstract void Change(NatPmpMapping mapping);

    // One port may be mapped at several gateways.
    private IEnumerable<NatPmpMapping> Find()
    {
        NatPmpMapping[] known = [.. KnownMappings.All(Session).Where(m => KnownMappings.IsAt(m, Gateway) && KnownMappings.IsBy(m, Method))];
        foreach (int port in InternalPort.Distinct())
        {
            foreach (PortMappingProtocol protocol in Protocol.Distinct())
            {
                NatPmpMapping[] found = [.. known.Where(m => m.InternalPort == port && m.Protocol == protocol)];
                foreach (NatPmpMapping mapping in found) yield return mapping;
                if (found.Length == 0) WriteError(NotMapped(string.Create(CultureInfo.InvariantCulture, $"{protocol} {port}")));
            }
        }
    }

    private static ErrorRecord NotMapped(string port)
    {
        var failure = new BtmmException(
            BtmmErrorReason.NameNotFound, $"No mapping of {port} is known.", "Get-NatPmpMapping -All shows what this user's sessions have mapped.");
        return ErrorMap.ToErrorRecord(failure, port);
    }
}
