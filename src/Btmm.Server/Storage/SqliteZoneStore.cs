using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Btmm.Server.Storage;

/// <summary>
/// Keeps records in an SQLite file: a commit is on the disk when <see cref="CommitAsync"/> returns (write-ahead log, full
/// synchronisation). The file belongs to this process while it is open. Beside the records it holds a journal of each zone's
/// latest changes, and the zones and keys that the service was given while it ran. Thread-safe; the owner disposes it after
/// the service.
/// </summary>
public sealed partial class SqliteZoneStore : IDurableZoneStore
{
    /// <summary>How many changes of a zone the journal keeps at least; up to twice as many between cleanings.</summary>
    internal const int JournalLength = 4096;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private StoreSession? _session;
    private long _commits;
    private bool _isDisposed;

    private SqliteZoneStore(string path, StoreSession session)
    {
        Path = path;
        _session = session;
        _commits = session.ReadCommits();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The kind of store and the file.</summary>
    public override string ToString() => $"SQLite {Path}";

    /// <summary>Opens a store, making the file (readable by its owner alone) when there is none.</summary>
    /// <param name="path">The file; SQLite puts its log beside it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">
    /// StoreInvalid: the file is damaged, of another version or something else; it is left as it is. ResourceBusy: another
    /// process has it open. PermissionDenied or StoreFailed: it cannot be opened.
    /// </exception>
    public static Task<SqliteZoneStore> OpenAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.GetFullPath(path);
        return Task.Run(() => Open(full), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return new ZoneImage(
            await ReadAsync(session => StoreReader.ReadRecords(session.Connection, Path, zone, cancellationToken), cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return await ReadAsync(session => StoreReader.ReadJournal(session.Connection, Path, zone, serial), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        await ChangeAsync(session => session.Writer.Write(batch), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _isDisposed = true;
            CloseSession();
        }
        finally
        {
            _gate.Release();
        }
    }

    private static SqliteZoneStore Open(string path)
    {
        var session = new StoreSession(StoreFile.OpenOrCreate(path));
        try
        {
            return new SqliteZoneStore(path, session);
        }
        catch (SqliteException error)
        {
            session.Dispose();
            throw StoreFile.Translate(path, error);
        }
    }

    private async Task<T> ReadAsync<T>(Func<StoreSession, T> read, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _session ??= Reopen();
            StoreSession session = _session;
            return await Task.Run(() => read(session), cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException error)
        {
            throw StoreFile.Translate(Path, error);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask ChangeAsync(Action<StoreSession> change, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            StoreSession session = _session ??= Reopen();
            session.Writer.Begin();
            change(session);
            session.Writer.Commit(_commits + 1);
            _commits++;
        }
        catch (Exception error)
        {
            // Whatever state the connection is in now: the next attempt begins with a new one.
            CloseSession();
            throw new IOException(error is SqliteException sqlite ? StoreFile.Translate(Path, sqlite).Message : error.Message, error);
        }
        finally
        {
            _gate.Release();
        }
    }

    // After a failure. A commit that was reported as failed may have reached the disk all the same, and somebody else may have
    // had the file meanwhile: then what the service holds in memory is not what the file says, and going on would mix the two.
    private StoreSession Reopen()
    {
        if (!File.Exists(Path))
        {
            throw new BtmmException(
                BtmmErrorReason.StoreFailed, $"The store {Path} is gone.", "Restart the service to begin a new one, or put the file back and restart it.");
        }

        var session = new StoreSession(StoreFile.OpenOrCreate(Path));
        try
        {
            if (session.ReadCommits() == _commits)
                return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }

        session.Dispose();
        throw new BtmmException(
            BtmmErrorReason.StoreFailed, $"The store {Path} holds changes that the running service does not know.", "Restart the service.");
    }

    private void CloseSession()
    {
        _session?.Dispose();
        _session = null;
    }
}
