using Btmm.Server.Storage;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>A store that several services share.</content>
public sealed partial class ZoneService
{
    private void OnStoreNotice(StoreNotice notice)
    {
        switch (notice.Kind)
        {
            case StoreNoticeKind.Zone when notice.Zone is { } name && _zones.FindApex(name) is { } zone:
                _writer.Follow(zone);
                break;
            case StoreNoticeKind.Lost:
                _writer.ReportLost(notice.Failure ?? "The store cannot be reached.");
                break;
            case StoreNoticeKind.Back:
                foreach (Zone each in _zones.All)
                    _writer.Follow(each);
                break;
        }
    }
}
