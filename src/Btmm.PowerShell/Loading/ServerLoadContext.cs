using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Btmm.PowerShell.Loading;

/// <summary>
/// Where the zone service and the third-party assemblies under it (SQLite, PostgreSQL) are loaded: a context of the module's
/// own, from module/bin/server, when a cmdlet first needs them. Another module may have loaded other versions of them, and
/// neither sees the other's. No type that a user sees lives here; Btmm's other assemblies are shared. Thread-safe.
/// </summary>
internal sealed class ServerLoadContext : AssemblyLoadContext
{
    private const string Entry = "Btmm.Server";
    private static readonly Lazy<ServerLoadContext> s_current = new(static () => new ServerLoadContext());
    private static int s_isRegistered;

    private readonly string _shared = Path.GetDirectoryName(typeof(ServerLoadContext).Assembly.Location) ?? string.Empty;
    private readonly string _own;

    private ServerLoadContext()
        : base("Btmm") => _own = Path.Combine(_shared, "server");

    /// <summary>Has the runtime ask here for the zone service. Loads nothing.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref s_isRegistered, 1) == 0) Default.Resolving += Resolve;
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string file = $"{assemblyName.Name}.dll";
        string own = Path.Combine(_own, file);
        if (File.Exists(own)) return LoadFromAssemblyPath(own);
        string shared = Path.Combine(_shared, file);
        return File.Exists(shared) ? Default.LoadFromAssemblyPath(shared) : null;
    }

    /// <inheritdoc/>
    protected override IntPtr LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = NativeNames(unmanagedDllName)
            .SelectMany(name => RuntimeIdentifiers.Select(rid => Path.Combine(_own, "runtimes", rid, "native", name)))
            .FirstOrDefault(File.Exists);
        return path is null ? IntPtr.Zero : LoadUnmanagedDllFromPath(path);
    }

    // The other assemblies are asked for by the zone service alone, in this context. A file that is missing must not be looked
    // for in the default context, which would ask here again.
    private static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        name.Name == Entry && File.Exists(Path.Combine(s_current.Value._own, $"{Entry}.dll")) ? s_current.Value.LoadFromAssemblyName(name) : null;

    private static IEnumerable<string> NativeNames(string name) =>
        OperatingSystem.IsWindows() ? [$"{name}.dll", name]
        : OperatingSystem.IsMacOS() ? [$"lib{name}.dylib", name]
        : [$"lib{name}.so", name];

    // The running system's own first: a distribution's build may call itself "debian.12-x64".
    private static IEnumerable<string> RuntimeIdentifiers
    {
        get
        {
            string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
            yield return RuntimeInformation.RuntimeIdentifier;
            if (OperatingSystem.IsWindows()) yield return $"win-{architecture}";
            else if (OperatingSystem.IsMacOS()) yield return $"osx-{architecture}";
            else yield return File.Exists($"/lib/ld-musl-{(architecture == "x64" ? "x86_64" : "aarch64")}.so.1") ? $"linux-musl-{architecture}" : $"linux-{architecture}";
        }
    }
}
