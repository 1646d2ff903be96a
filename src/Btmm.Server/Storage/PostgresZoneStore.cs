using System.Collections.Concurrent;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Server.Storage.Postgres;
using Npgsql;

namespace Btmm.Server.Storage;

/// <summary>
/// Keeps records in a PostgreSQL database that several services share: any of them takes updates, and each hears what the
/// others did. A commit is on the database's disk when <see cref="CommitAsync"/> returns. Leases end by the database's clock;
/// no server's own clock has a say. Thread-safe; the owner disposes it after the service.
/// </summary>
/// <remarks>
/// A commit is optimistic: it names the version of each zone that it was worked out on, and the database refuses it when
/// another was first. A connection that breaks in the middle of a commit leaves its outcome unknown: the updates are answered
/// SERVFAIL, and if they were applied after all, this service learns it like another's as soon as the database is back; a
/// repetition of the same message is then answered without applying it again.
/// PostgreSQL 14 or later, and not through a pooler that shares sessions: notices need one of their own. The database server's
/// clock must be slewed, not set: after a step forward a service that starts takes leases for ended that others still serve.
/// </remarks>
public sealed partial class PostgresZoneStore : IDurableZoneStore
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly PostgresReader _reader;
    private readonly PostgresListener _listener;
    private readonly ConcurrentDictionary<DnsName, long> _fresh = new(DnsNameComparer.Instance);
    private PostgresSession? _session;
    private int _madeAt;
    private volatile int _process;
    private bool _isDisposed;

    private PostgresZoneStore(NpgsqlDataSource source, string name, TimeProvider time)
    {
        _source = source;
        _time = time;
        Name = name;
        _reader = new PostgresReader(name, time);
        _listener = new PostgresListener(source, name, time, notice => Noticed?.Invoke(notice), process => process == _process);
    }

    /// <inheritdoc/>
    public event Action<StoreNotice>? Noticed;

    /// <summary>The database and its server, without secrets.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <summary>Opens a store, making its tables (in a schema named btmm) when there are none.</summary>
    /// <param name="connectionString">As Npgsql has it. A password comes better from a password file.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">
    /// StoreInvalid: the tables are of another version. PermissionDenied or StoreFailed: the database cannot be used.
    /// InvalidValue: the connection string cannot be read.
    /// </exception>
    public static async Task<PostgresZoneStore> OpenAsync(string connectionString, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        NpgsqlConnectionStringBuilder settings = PostgresAddress.Complete(connectionString);
        string name = $"{settings.Host}/{settings.Database}";
        var store = new PostgresZoneStore(NpgsqlDataSource.Create(settings), name, time ?? TimeProvider.System);
        try
        {
            await store._listener.StartAsync(cancellationToken).ConfigureAwait(false);
            await store.UseAsync(static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch (Exception error)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            if (error is OperationCanceledException)
                throw;
            throw PostgresErrors.Translate(name, error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        ZoneImage? image = await UseAsync((session, cancel) => _reader.LoadAsync(session.Connection, zone, cancel), cancellationToken).ConfigureAwait(false);
        if (image is not null)
            return image;

        // A version that no earlier life of the zone, and no other server's, can have.
        long version = (_time.GetUtcNow().UtcTicks & ~0xFFFFFL) | (uint)Random.Shared.Next(0x100000);
        _fresh[zone] = version;
        return new ZoneImage([]) { Version = version };
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        bool isDone = await ChangeAsync((session, cancel) => session.Writer.CommitAsync(batch, IsFresh, _time.GetUtcNow(), cancel), cancellationToken).ConfigureAwait(false);
        if (isDone && !_fresh.IsEmpty)
        {
            foreach (ZoneTransaction step in batch)
                _fresh.TryRemove(step.Zone, out _);
        }

        return isDone;
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable?> ReserveAsync(IReadOnlyCollection<DnsName> zones, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zones);
        byte[][] names = [.. zones.OrderBy(PostgresWriter.OrderOf, StringComparer.Ordinal).Select(static zone => zone.ToLower().Wire.ToArray())];
        PostgresSession reserved = await ChangeAsync(
            async (session, cancel) =>
            {
                await session.ReserveAsync(names, cancel).ConfigureAwait(false);
                return session;
            },
            cancellationToken).ConfigureAwait(false);
        return new Reservation(this, reserved);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ZoneTransaction>?> ReadStepsAsync(DnsName zone, long version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        IReadOnlyList<ZoneTransaction>? steps = await UseAsync(
            (session, cancel) => _reader.ReadStepsAsync(session.Connection, zone, version, cancel), cancellationToken).ConfigureAwait(false);
        return steps ?? (IsFresh(zone, version) && !await ExistsAsync(zone, cancellationToken).ConfigureAwait(false) ? [] : null);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return await UseAsync((session, cancel) => _reader.ReadJournalAsync(session.Connection, zone, serial, cancel), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _isDisposed = true;
            await CloseSessionAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        await _source.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override string ToString() => $"PostgreSQL {Name}";

    private bool IsFresh(DnsName zone, long version) => _fresh.TryGetValue(zone, out long fresh) && fresh == version;

    private Task<bool> ExistsAsync(DnsName zone, CancellationToken cancellationToken) => UseAsync(
        async (session, cancel) =>
        {
            var command = new NpgsqlCommand("SELECT 1 FROM btmm.zone WHERE name = $1", session.Connection);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = zone.ToLower().Wire.ToArray() });
                return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false) is not null;
            }
        },
        cancellationToken);

    private async Task<T> ChangeAsync<T>(Func<PostgresSession, CancellationToken, Task<T>> change, CancellationToken cancellationToken)
    {
        try
        {
            return await UseAsync(change, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    private async Task<T> UseAsync<T>(Func<PostgresSession, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_listener.Failure is { } lost)
                throw lost;
            if (_madeAt != _listener.Connections)
                await CloseSessionAsync().ConfigureAwait(false);
            _madeAt = _listener.Connections;
            _session ??= await PostgresSession.OpenAsync(_source, Name, cancellationToken).ConfigureAwait(false);
            _process = _session.Connection.ProcessID;
            return await use(_session, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not (ObjectDisposedException or BtmmException))
        {
            // The listener finds out when the database is back. A standby takes no changes, the primary is elsewhere.
            BtmmException failure = PostgresErrors.Translate(Name, error);
            if (_session is not { IsUsable: true } || error is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } or OperationCanceledException)
            {
                await CloseSessionAsync().ConfigureAwait(false);
                if (error is not OperationCanceledException)
                    _listener.Restart(failure);
            }

            if (error is OperationCanceledException)
                throw;
            throw failure;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask CloseSessionAsync()
    {
        if (_session is { } session)
            await session.DisposeAsync().ConfigureAwait(false);
        _session = null;
    }

    // Ends with the connection that it was made over, if not before.
    private sealed class Reservation(PostgresZoneStore store, PostgresSession reserved) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await store._gate.WaitAsync().ConfigureAwait(false);
            try
            {
                if (store._session != reserved)
                    return;
                try
                {
                    await reserved.ReleaseAsync(CancellationToken.None).ConfigureAwait(false);
                }
                catch (Exception error) when (error is NpgsqlException or IOException)
                {
                    // Whoever wants something next finds out that the database is away.
                    await store.CloseSessionAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                store._gate.Release();
            }
        }
    }
}
