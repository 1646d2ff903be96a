using System.Diagnostics.CodeAnalysis;

namespace Btmm.Core.Node;

/// <summary>A file that one process at a time can hold open: a lock that ends with its holder. Thread-safe, without state.</summary>
internal static class LockFile
{
    // The system's own word for "held by somebody else", which .NET puts into the exception: EWOULDBLOCK of flock on Linux and macOS,
    // ERROR_SHARING_VIOLATION on Windows.
    private const int WouldBlockLinux = 11;
    private const int WouldBlockMac = 35;
    private const int SharingViolation = unchecked((int)0x80070020);

    /// <summary>Takes the lock, making its file (mode 0600) when missing; false when somebody else holds it.</summary>
    /// <exception cref="IOException">The file cannot be made or opened: a full disk, a file system that is read-only.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal static bool TryTake(string path, [NotNullWhen(true)] out FileStream? held)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            held = new FileStream(path, options);
            return true;
        }
        catch (IOException e) when (e.HResult == (OperatingSystem.IsWindows() ? SharingViolation : OperatingSystem.IsMacOS() ? WouldBlockMac : WouldBlockLinux))
        {
            held = null;
            return false;
        }
    }
}
