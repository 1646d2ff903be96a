using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Platform.Linux;

/// <summary>
/// Keeps our block in a hosts file. The file is read again just before each write, and replaced by a rename where that is
/// possible; a bind-mounted file (containers, <c>ip netns exec</c>) can only be written in place. Thread-safe within a process.
/// </summary>
public sealed class HostsFile
{
    private const int Attempts = 5;
    private readonly Lock _gate = new();
    private readonly string _path;

    /// <summary>Names the file; nothing is read yet.</summary>
    /// <param name="path">Normally <c>/etc/hosts</c>.</param>
    public HostsFile(string path = "/etc/hosts") => _path = path;

    /// <summary>Writes or (with no entries) removes the owner's block; false when the file was already so.</summary>
    /// <exception cref="BtmmException">PermissionDenied or SystemChangeFailed.</exception>
    public bool Apply(string owner, IReadOnlyList<HostsEntry> entries)
    {
        lock (_gate)
        {
            try
            {
                for (int attempt = 1; ; attempt++)
                {
                    byte[] before = Read();
                    byte[] after = HostsBlock.Apply(before, owner, entries);
                    if (before.AsSpan().SequenceEqual(after)) return false;
                    if (TryReplace(before, after, lastAttempt: attempt == Attempts)) return true;
                }
            }
            catch (UnauthorizedAccessException e)
            {
                throw new BtmmException(
                    BtmmErrorReason.PermissionDenied, $"{_path} cannot be written.", "Run the node as root.", e);
            }
            catch (IOException e)
            {
                throw new BtmmException(
                    BtmmErrorReason.SystemChangeFailed,
                    $"{_path} cannot be changed ({e.Message}).",
                    "Check that the file system is writable and has free space.",
                    e);
            }
        }
    }

    private byte[] Read() => File.Exists(_path) ? File.ReadAllBytes(_path) : [];

    /// <summary>False when somebody else changed the file since it was read.</summary>
    private bool TryReplace(byte[] before, byte[] after, bool lastAttempt)
    {
        string temporary = $"{_path}.btmm-{Environment.ProcessId}";
        bool renamed = false;
        try
        {
            bool prepared = TryPrepare(temporary, after);
            if (!lastAttempt && !Read().AsSpan().SequenceEqual(before)) return false;
            renamed = prepared && TryRename(temporary);
        }
        finally
        {
            if (!renamed && File.Exists(temporary)) File.Delete(temporary);
        }

        if (!renamed) WriteInPlace(after);
        return true;
    }

    private bool TryPrepare(string temporary, byte[] content)
    {
        if (new FileInfo(_path).LinkTarget is not null) return false;
        try
        {
            using var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None);
            if (!OperatingSystem.IsWindows() && File.Exists(_path)) File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(_path));
            file.Write(content);
            file.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The directory may be read-only while the file itself is not (a bind mount): then it is written in place.
            return false;
        }
    }

    private bool TryRename(string temporary)
    {
        try
        {
            File.Move(temporary, _path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // EBUSY or EXDEV: the file is a mount point.
            return false;
        }
    }

    private void WriteInPlace(byte[] content)
    {
        using var file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.Write(content);
        file.SetLength(content.Length);
        file.Flush(flushToDisk: true);
    }
}
