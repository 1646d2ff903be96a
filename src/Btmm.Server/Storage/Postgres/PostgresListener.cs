using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Npgsql;

namespace Btmm.Server.Storage.Postgres;

/// <summary>
/// Hears over a connection of its own what other servers change, tells when the database is gone and tries until it is back.
/// The owner disposes it; <see cref="Restart"/> and <see cref="Failure"/> are thread-safe.
/// </summary>
/// <param name="source">Where connections come from.</param>
/// <param name="name">The store's, for messages.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Told each notice.</param>
/// <param name="isOwn">Whether the database's process that sent a notice works for this server.</param>
internal sealed class PostgresListener(NpgsqlDataSource source, string name, TimeProvider time, Action<StoreNotice> tell, Func<int, bool> isOwn) : IAsyncDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private CancellationTokenSource _broken = new();
    private Task _running = Task.CompletedTask;
    private volatile BtmmException? _failure;
    private volatile int _connections;

    /// <summary>Why the database cannot be reached; null when it can. Whoever wants something of it need not try meanwhile.</summary>
    internal BtmmException? Failure => _failure;

    /// <summary>How often a connection was made: older ones of others' than the latest are good for nothing.</summary>
    internal int Connections => _connections;

    /// <summary>Begins to listen.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        _running = Task.Run(() => RunAsync(connection), CancellationToken.None);
    }

    /// <summary>Says that the database went away under another connection.</summary>
    internal void Restart(BtmmException failure)
    {
        _failure = failure;
        lock (_gate)
            _broken.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _broken.Dispose();
    }

    private async Task RunAsync(NpgsqlConnection? connection)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                connection ??= await ConnectAsync(_stopping.Token).ConfigureAwait(false);
                await ListenAsync(connection).ConfigureAwait(false);
            }
            catch (Exception error) when (!_stopping.IsCancellationRequested)
            {
                BtmmException failure = error is OperationCanceledException && _failure is { } known ? known : PostgresErrors.Translate(name, error);
                _failure = failure;
                tell(new StoreNotice(StoreNoticeKind.Lost, Failure: failure.Message));
            }
            finally
            {
                if (connection is not null)
                    await connection.DisposeAsync().ConfigureAwait(false);
                connection = null;
            }

            await Task.Delay(s_retry, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            connection.Notification += OnNotification;
            var command = new NpgsqlCommand($"LISTEN {PostgresSchema.Channel}", connection);
            await using (command.ConfigureAwait(false))
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            Interlocked.Increment(ref _connections);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // Ends by an exception.
    private async Task ListenAsync(NpgsqlConnection connection)
    {
        CancellationToken broken;
        lock (_gate)
        {
            _broken.Dispose();
            _broken = new CancellationTokenSource();
            broken = _broken.Token;
        }

        _failure = null;
        tell(new StoreNotice(StoreNoticeKind.Back));
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, broken);
        while (true)
            await connection.WaitAsync(ends.Token).ConfigureAwait(false);
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs notification)
    {
        if (isOwn(notification.PID))
            return;
        if (notification.Payload == PostgresSchema.CatalogNotice)
            tell(new StoreNotice(StoreNoticeKind.Catalog));
        else if (TryReadZone(notification.Payload, out DnsName? zone))
            tell(new StoreNotice(StoreNoticeKind.Zone, zone));
    }

    // Whoever may use the database can send a notice: a strange one is nothing to us.
    private static bool TryReadZone(string payload, out DnsName? zone)
    {
        zone = null;
        if (!payload.StartsWith(PostgresSchema.ZoneNotice, StringComparison.Ordinal))
            return false;
        Span<byte> wire = stackalloc byte[256];
        ReadOnlySpan<char> hex = payload.AsSpan(PostgresSchema.ZoneNotice.Length);
        return Convert.FromHexString(hex, wire, out int read, out int written) == System.Buffers.OperationStatus.Done
            && read == hex.Length && DnsName.TryFromWire(wire[..written], out zone);
    }
}
