namespace Btmm.Core.Administration;

/// <summary>Where the control socket of a zone service is. Holds no state.</summary>
public static class ControlSocket
{
    /// <summary>The longest path that every system takes, bytes.</summary>
    public const int MaxPathLength = 103;

    private const string Name = "zone.sock";

    /// <summary>The one that a service of this user has unless told otherwise.</summary>
    public static string DefaultPath => Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? SystemPath : UserPath;

    /// <summary>The one that an operator of this user means: this user's own when there is one, else the system's.</summary>
    public static string Find() => File.Exists(DefaultPath) || OperatingSystem.IsWindows() || !File.Exists(SystemPath) ? DefaultPath : SystemPath;

    private static string SystemPath => Path.Combine("/var/lib/btmm", Name);

    private static string UserPath
    {
        get
        {
            string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            return Path.Combine(string.IsNullOrEmpty(runtime) ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) : runtime, "btmm", Name);
        }
    }
}
