using System.Management.Automation;
using Btmm.Core.Contracts;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Commands;

/// <summary>Get-BtmmGateway: shows the gateways, what they speak, and whether they can make this host reachable.</summary>
[Cmdlet(VerbsCommon.Get, "BtmmGateway")]
[OutputType(typeof(BtmmGateway))]
public sealed class GetBtmmGatewayCommand : BtmmCmdlet
{
    /// <summary>How long to wait for the gateways.</summary>
    [Parameter]
    [Duration(IsWait = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(null, () =>
    {
        IReadOnlyList<GatewayRoute> routes = Gateways.FindAll();
        foreach (BtmmGateway gateway in Await(token => GatewayProbe.RunAsync(routes, Timeout, token), "Waiting for the gateways")) WriteObject(gateway);
    });
}
