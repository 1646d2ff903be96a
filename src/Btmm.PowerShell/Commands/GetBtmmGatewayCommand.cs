using System.Management.Automation;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmGateway: shows the default gateway and whether it can make this host reachable.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmGateway")]
[OutputType(typeof(BtmmGateway))]
public sealed class GetBtmmGatewayCommand : BtmmCmdlet
{
    /// <summary>How long to wait for the gateway.</summary>
    [Parameter]
    [Duration]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(null, () => WriteObject(Await(token => GatewayProbe.RunAsync(Timeout, token), "Waiting for the gateway")));
}
