using System.Management.Automation;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Commands;

/// <summary>Remove-BtmmTsigKey: removes keys from a running zone service.</summary>
[Cmdlet(VerbsCommon.Remove, "BtmmTsigKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(void))]
public sealed class RemoveBtmmTsigKeyCommand : ServerCmdlet
{
    /// <summary>The keys' names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServerKeyCompleter))]
    public DnsName[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DnsName name in Name)
        {
            ForItem(name, () =>
            {
                ServerTarget target = GetTarget();
                if (ShouldProcess($"{target}", $"remove key {name}")) Await(token => target.Administration.RemoveKeyAsync(name, token));
            });
        }
    }
}
