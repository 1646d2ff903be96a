using System.Management.Automation;

namespace Btmm.PowerShell.Session;

/// <summary>Drops what the runspace holds when the module is removed: its jobs stop, its list of mappings is forgotten.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => BtmmSession.Clear();
}
