using Btmm.Core.Diagnostics;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>A store that several services share.</content>
public sealed partial class ZoneService
{
    // After a failure to read the catalog; what is served stays as it was meanwhile.
    private static readonly TimeSpan s_pauseAfterCatalogFailure = TimeSpan.FromSeconds(5);

    private TimeSpan? _catalogRetry;
    private volatile bool _isCatalogBehind;

    private void OnStoreNotice(StoreNotice notice)
    {
        switch (notice.Kind)
        {
            case StoreNoticeKind.Zone when notice.Zone is { } name && _zones.FindApex(name) is { } zone:
                _writer.Follow(zone);
                break;
            case StoreNoticeKind.Catalog:
                SignalCatalog();
                break;
            case StoreNoticeKind.Lost:
                _writer.ReportLost(notice.Failure ?? "The store cannot be reached.");
                break;
            case StoreNoticeKind.Back:
                foreach (Zone each in _zones.All)
                    _writer.Follow(each);
                SignalCatalog();
                break;
        }
    }

    private void SignalCatalog()
    {
        _isCatalogBehind = true;
        _catalogChanges.Signal();
    }

    private async ValueTask ReloadCatalogAsync(CancellationToken cancellationToken)
    {
        if (!_isCatalogBehind)
            return;
        _isCatalogBehind = false;
        try
        {
            await _registry.ReloadAsync(cancellationToken).ConfigureAwait(false);
            _catalogRetry = null;
        }
        catch (BtmmException error)
        {
            ServerLog.Instance.CatalogFailed(error.Message);
            _isCatalogBehind = true;
            _catalogRetry = _clock.Now + s_pauseAfterCatalogFailure;
        }
    }
}
