using System.Management.Automation;

namespace Btmm.PowerShell.Loading;

/// <summary>Runs when the module is imported: says where the zone service is to be found, and no more.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <inheritdoc/>
    public void OnImport() => ServerLoadContext.Register();
}
