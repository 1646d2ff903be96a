using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Server.Administration;
using Btmm.Server.Control;
using Btmm.Server.Storage;

namespace Btmm.Server;

/// <summary>
/// A running zone service with what belongs to it: its store, the seal of its catalog and its control socket. Stopped once, in
/// the opposite order. Thread-safe.
/// </summary>
public sealed class ZoneHost : IAsyncDisposable
{
    private readonly IDurableZoneStore? _store;
    private readonly CatalogSeal _seal;
    private ControlListener? _control;
    private int _isStopped;

    private ZoneHost(ZoneHostOptions options, IDurableZoneStore? store)
    {
        _store = store;
        _seal = options.KeyFile is null && store is null ? CatalogSeal.Ephemeral() : CatalogSeal.FromFile(options.KeyFile ?? DefaultKeyFile(store));
        try
        {
            Service = new ZoneService(options.Service with { Store = (IZoneStore?)store ?? options.Service.Store ?? new MemoryZoneStore(), Seal = _seal });
        }
        catch
        {
            _seal.Dispose();
            throw;
        }
    }

    /// <summary>The service.</summary>
    public ZoneService Service { get; }

    /// <summary>The control socket's path; null when there is none.</summary>
    public string? ControlPath => _control?.Path;

    /// <summary>Opens the store, starts the service and opens its control socket: all of it or nothing.</summary>
    /// <exception cref="BtmmException">As <see cref="StoreOpener.OpenAsync"/>, <see cref="ZoneService.StartAsync"/> and <see cref="ControlListener.Open"/> have them.</exception>
    public static async Task<ZoneHost> StartAsync(ZoneHostOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        IDurableZoneStore? store = options.Store is { } text ? await StoreOpener.OpenAsync(text, cancellationToken).ConfigureAwait(false) : null;
        ZoneHost? host = null;
        try
        {
            host = new ZoneHost(options, store);
            await host.Service.StartAsync(cancellationToken).ConfigureAwait(false);
            if (options.ControlPath is { } path)
                host._control = ControlListener.Open(path, host.Service.Administration);
            return host;
        }
        catch
        {
            if (host is not null)
                await host.DisposeAsync().ConfigureAwait(false);
            else if (store is not null)
                await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the control socket, stops the service and closes the store. Any number of calls.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0)
            return;
        if (_control is not null)
            await _control.DisposeAsync().ConfigureAwait(false);
        await Service.DisposeAsync().ConfigureAwait(false);
        _seal.Dispose();
        if (_store is not null)
            await _store.DisposeAsync().ConfigureAwait(false);
    }

    private static string DefaultKeyFile(IDurableZoneStore? store) =>
        store is SqliteZoneStore file ? file.Path + ".key" : Path.Combine(Path.GetDirectoryName(ControlSocket.DefaultPath) ?? "/", "zone.key");
}
