using Btmm.Core.Diagnostics;
using Btmm.Platform.Services;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Where services are registered, and where their programs are. Holds no state.</summary>
internal static class ServicePlaces
{
    private const string Daemon = "btmmd";

    /// <summary>The system's directory of units; of task files on Windows.</summary>
    public static string Units => OperatingSystem.IsWindows() ? Path.Combine(ProgramData, "tasks") : "/etc/systemd/system";

    /// <summary>Where journals of registrations are kept.</summary>
    private static string Journals => OperatingSystem.IsWindows() ? Path.Combine(ProgramData, "services") : "/var/lib/btmm/services";

    /// <summary>Where the journals of units in a directory are kept, unless a place is named.</summary>
    public static string JournalsFor(string units) => units == Units ? Journals : Path.Combine(units, ".btmm");

    /// <summary>The service manager of this system; null when there is none that we know, or the units are not its.</summary>
    public static IServiceManager? Manager(string units) =>
        units != Units ? null
        : OperatingSystem.IsWindows() ? new TaskSchedulerManager()
        : SystemdManager.IsRunning ? new SystemdManager() : null;

    /// <summary>The full path of btmmd: in the checkout that the module is in, else on the PATH.</summary>
    /// <exception cref="BtmmException">NameNotFound.</exception>
    public static string FindDaemon()
    {
        string file = OperatingSystem.IsWindows() ? $"{Daemon}.exe" : Daemon;
        string module = Path.GetDirectoryName(typeof(ServicePlaces).Assembly.Location) ?? string.Empty;
        IEnumerable<string> places =
        [
            module,
            .. new[] { "Release", "Debug" }.Select(kind => Path.GetFullPath(Path.Combine(module, "..", "..", "src", "Btmm.Daemon", "bin", kind, "net10.0"))),
            .. (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        ];
        return places.Select(place => Path.Combine(place, file)).FirstOrDefault(File.Exists)
            ?? throw new BtmmException(BtmmErrorReason.NameNotFound, "The program btmmd was not found.", "Give its path with -Program, or use -UsePowerShell.");
    }

    private static string ProgramData => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "Btmm");
}
