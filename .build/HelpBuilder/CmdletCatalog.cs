using System.Reflection;
using System.Runtime.InteropServices;

namespace Btmm.HelpBuilder;

/// <summary>The cmdlets of a built module, read from its metadata; no code of it runs.</summary>
internal sealed class CmdletCatalog : IDisposable
{
    private readonly MetadataLoadContext _context;

    private CmdletCatalog(MetadataLoadContext context, IReadOnlyList<CmdletFacts> cmdlets)
    {
        _context = context;
        Cmdlets = cmdlets;
    }

    public IReadOnlyList<CmdletFacts> Cmdlets { get; }

    public static CmdletCatalog Load(string modulePath, string automationPath)
    {
        string moduleDirectory = Path.GetDirectoryName(Path.GetFullPath(modulePath))!;
        IEnumerable<string> paths = Directory.EnumerateFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll")
            .Concat(Directory.EnumerateFiles(moduleDirectory, "*.dll"))
            .Append(automationPath)
            .DistinctBy(Path.GetFileName);
        var context = new MetadataLoadContext(new PathAssemblyResolver(paths));
        Assembly assembly = context.LoadFromAssemblyPath(Path.GetFullPath(modulePath));
        List<CmdletFacts> cmdlets = assembly.GetExportedTypes()
            .Where(t => !t.IsAbstract)
            .Select(CmdletFacts.TryRead)
            .OfType<CmdletFacts>()
            .OrderBy(c => c.Name, StringComparer.Ordinal)
            .ToList();
        return new CmdletCatalog(context, cmdlets);
    }

    public void Dispose() => _context.Dispose();
}
