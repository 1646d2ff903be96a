using System.Collections.Concurrent;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Server.Transfers;
using Btmm.Server.Transport;
using Btmm.Server.Zones;

namespace Btmm.Server;

/// <content>Notifications to secondaries.</content>
public sealed partial class ZoneService
{
    private readonly ConcurrentDictionary<DnsName, Zone> _toAnnounce = new();

    private void Announce(Zone zone)
    {
        if (zone.Options.Secondaries.Count == 0 && !zone.Options.NotifiesNameServers)
            return;
        _toAnnounce[zone.Apex] = zone;
        _notifications.Signal();
    }

    private async ValueTask NotifyAsync(CancellationToken cancellationToken)
    {
        foreach ((DnsName apex, Zone zone) in _toAnnounce)
        {
            _toAnnounce.TryRemove(apex, out _);
            _notifier.Announce(zone, await _targets.FindAsync(zone, cancellationToken).ConfigureAwait(false));
        }

        while (_notifier.TryTakeOutput(out NotifyOutput output))
        {
            UdpListener? socket = _listeners?.Datagrams.FirstOrDefault(item => item.EndPoint.AddressFamily == output.Target.AddressFamily);
            if (socket is not null)
                socket.Send(output.Message, PeerAddress.From(output.Target), default);
        }
    }
}
