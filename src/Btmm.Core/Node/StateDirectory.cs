using System.Globalization;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

/// <summary>
/// The directory in which a node keeps its journal, its port and identifier and its cache. Holds a lock for as long as it is
/// open, so that two nodes never share one. Thread-safe.
/// </summary>
public sealed class StateDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;
    private const string LockName = "lock";

    private readonly FileStream _lock;

    private StateDirectory(string path, FileStream held)
    {
        DirectoryPath = path;
        _lock = held;
    }

    /// <summary>The directory's full path.</summary>
    public string DirectoryPath { get; }

    /// <summary>The journal's path.</summary>
    public string JournalPath => Path.Combine(DirectoryPath, "changes.journal");

    /// <summary>Makes the directory (mode 0700) when missing and takes its lock.</summary>
    /// <exception cref="BtmmException">StateDirectoryBusy, StateDirectoryInvalid.</exception>
    public static StateDirectory Open(string path)
    {
        string full = Path.GetFullPath(path);
        try
        {
            Make(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(full, e);
        }

        return new StateDirectory(full, TakeLock(Path.Combine(full, LockName)));
    }

    /// <summary>Reads a small file of the directory; null when it does not exist.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid.</exception>
    public byte[]? Read(string name)
    {
        string path = Path.Combine(DirectoryPath, name);
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Replaces a file of the directory at once: a reader or a crash sees the old or the new content, never a mixture.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid.</exception>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(DirectoryPath, name);
        try
        {
            WriteAtomically(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>Makes a directory that is only its owner's, unless it is there.</summary>
    internal static void Make(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnlyDirectory);
    }

    internal static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    internal static BtmmException Unusable(string path, Exception cause) => new(
        BtmmErrorReason.StateDirectoryInvalid,
        $"The state directory cannot be used ({path}: {cause.Message}).",
        "Give a directory that this user may write, on a disk with free space.",
        cause);

    private static FileStream TakeLock(string path)
    {
        try
        {
            if (!LockFile.TryTake(path, out FileStream? held)) throw Busy(path);
            held.SetLength(0);
            held.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            held.Flush();
            return held;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    private static BtmmException Busy(string path) => new(
        BtmmErrorReason.StateDirectoryBusy,
        $"Another node already uses the state directory {Path.GetDirectoryName(path)}.",
        "Stop that node first, or give this one a state directory of its own.");
}
