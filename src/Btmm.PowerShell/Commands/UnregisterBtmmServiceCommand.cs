using System.Management.Automation;
using Btmm.Platform.Services;
using Btmm.PowerShell.Infrastructure;

namespace Btmm.PowerShell.Commands;

/// <summary>Unregister-BtmmService: stops a service that Register-BtmmService registered, and restores what was there before.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "BtmmService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(void))]
public sealed class UnregisterBtmmServiceCommand : ServiceCmdlet
{
    /// <summary>Names of services.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServiceNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string name in Name)
        {
            ForItem(name, () =>
            {
                ServiceRegistration registration = GetRegistration(out _);
                if (!ShouldProcess(registration.PathOf(Checked(name)), "stop the service and remove it")) return;
                Await(token => registration.UnregisterAsync(name, token));
            });
        }
    }
}
