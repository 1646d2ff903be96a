using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>
/// The file under a <see cref="MappingMemory"/>. Several processes may use it: each change is read, made and written while a lock
/// file is held; readers need no lock because the file is replaced in one step. Mode 0600. Thread-safe.
/// </summary>
/// <remarks>
/// A change outlives the process as soon as <see cref="Update"/> returns. A loss of power in the seconds after may bring the former
/// file back whole, because the directory is not flushed; what it then lacks ends with its lifetime.
/// </remarks>
internal sealed class MemoryFile
{
    private const int MaxLength = 1 << 20;

    /// <summary>The lock is held for one small write; who waits longer than this has met something else.</summary>
    private static readonly TimeSpan s_lockLimit = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private volatile bool _wasDamaged;

    internal MemoryFile(string path) => _path = Path.GetFullPath(path);

    /// <summary>Whether a file was found that could not be read; it is kept beside the new one.</summary>
    internal bool WasDamaged => _wasDamaged;

    /// <summary>Where a damaged file is put.</summary>
    internal string DamagedPath => _path + ".damaged";

    /// <summary>The present content; empty when there is no file or it is damaged.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid: it cannot be read, or is of a later version.</exception>
    internal MemoryContents Read()
    {
        try
        {
            return ReadFile() ?? new MemoryContents();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StateDirectory.Unusable(_path, e);
        }
    }

    /// <summary>Changes the content; <paramref name="change"/> tells whether there is anything to write.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid: it cannot be read or written, or is of a later version.</exception>
    internal void Update(Func<MemoryContents, bool> change)
    {
        try
        {
            using FileStream held = TakeLock();
            MemoryContents? contents = ReadFile();
            if (contents is null) File.Move(_path, DamagedPath, overwrite: true);
            contents ??= new MemoryContents();
            if (change(contents)) StateDirectory.WriteAtomically(_path, MemoryJson.Format(contents));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StateDirectory.Unusable(_path, e);
        }
    }

    /// <summary>Reads the file; null when it is damaged, empty content when there is none.</summary>
    private MemoryContents? ReadFile()
    {
        using FileStream? file = OpenExisting();
        if (file is null) return new MemoryContents();
        int version = 0;
        MemoryContents? contents = null;
        if (file.Length <= MaxLength)
        {
            byte[] bytes = new byte[file.Length];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            contents = MemoryJson.Parse(bytes.AsSpan(0, length), out version);
        }

        if (version > MemoryJson.CurrentVersion) throw Newer();
        if (contents is null) _wasDamaged = true;
        return contents;
    }

    /// <summary>Opens the file; null when there is none. That it exists but may not be looked at is an error.</summary>
    private FileStream? OpenExisting()
    {
        try
        {
            return new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private BtmmException Newer() => new(
        BtmmErrorReason.StateDirectoryInvalid,
        $"The memory of mappings {_path} was written by a later version of this program.",
        "Use that version; or, when its mappings are released, remove the file.");

    private FileStream TakeLock()
    {
        if (Path.GetDirectoryName(_path) is { } directory) StateDirectory.Make(directory);
        FileStream? held = null;
        SpinWait.SpinUntil(() => LockFile.TryTake(_path + ".lock", out held), s_lockLimit);
        return held ?? throw new IOException($"another process has held {_path}.lock for {s_lockLimit.TotalSeconds} s");
    }
}
