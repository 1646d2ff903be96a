using System.Text;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

/// <summary>
/// The append-only list of changes made to the system, one JSON object per line. An entry is on the disk before its change is
/// made and is marked done after its undoing, so that whatever a crash leaves behind can be undone at the next start.
/// Thread-safe.
/// </summary>
/// <remarks>
/// The file may end in a torn line, hold garbage, or entries of a later version. Torn lines and garbage are counted in
/// <see cref="DamagedLines"/> and dropped; well-formed entries of an unknown kind are kept for the version that knows them.
/// One process at a time: the owner of the <see cref="StateDirectory"/> holds its lock.
/// </remarks>
public sealed class ChangeJournal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly SortedDictionary<long, SystemChange> _open = [];
    private long _nextId = 1;
    private bool _disposed;

    private ChangeJournal(FileStream file) => _file = file;

    /// <summary>Lines that could not be read when the journal was opened.</summary>
    public int DamagedLines { get; private set; }

    /// <summary>Well-formed entries of a kind or version that this program does not know; they are kept.</summary>
    public int ForeignEntries { get; private set; }

    /// <summary>The entries that are not undone, newest first: the order of undoing.</summary>
    public IReadOnlyList<JournalEntry> OpenEntries
    {
        get
        {
            lock (_gate) return [.. _open.Reverse().Select(pair => new JournalEntry(pair.Key, pair.Value))];
        }
    }

    /// <summary>Opens the journal, reads what a former run left and shortens the file to that.</summary>
    /// <param name="path">The file; made (mode 0600) when missing.</param>
    /// <exception cref="BtmmException">StateDirectoryInvalid: the file cannot be read or written.</exception>
    public static ChangeJournal Open(string path)
    {
        try
        {
            string[] lines = File.Exists(path) ? File.ReadAllLines(path, Encoding.UTF8) : [];
            JournalContents contents = JournalContents.Read(lines);
            StateDirectory.WriteAtomically(path, Encoding.UTF8.GetBytes(contents.Compact()));
            var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
            var journal = new ChangeJournal(file)
            {
                DamagedLines = contents.DamagedLines,
                ForeignEntries = contents.ForeignLines.Count,
                _nextId = contents.LastId + 1,
            };
            foreach ((long id, SystemChange change) in contents.Open) journal._open.Add(id, change);
            return journal;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StateDirectory.Unusable(path, e);
        }
    }

    /// <summary>Writes an entry to the disk. Returns only when it is there: make the change afterwards.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid: it cannot be written (so the change must not be made).</exception>
    public JournalEntry Begin(SystemChange change)
    {
        lock (_gate)
        {
            long id = _nextId++;
            Append(JournalLine.ForOpen(id, change));
            _open.Add(id, change);
            return new JournalEntry(id, change);
        }
    }

    /// <summary>Marks an entry as undone (or as never made). Doing it twice is no error.</summary>
    /// <exception cref="BtmmException">StateDirectoryInvalid: it cannot be written; the entry counts as open at the next start.</exception>
    public void Complete(JournalEntry entry)
    {
        lock (_gate)
        {
            if (_open.Remove(entry.Id)) Append(JournalLine.ForDone(entry.Id));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _file.Dispose();
        }
    }

    private void Append(JournalLine line)
    {
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(line.Format() + "\n"));
            _file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw StateDirectory.Unusable(_file.Name, e);
        }
    }
}
