using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// Hears what a gateway multicasts by SSDP and passes on what hints at a restart: that it goes, or another BOOTID. Nothing is
/// subscribed to (CVE-2020-12695). Where the port cannot be had, nothing is heard; asking makes up for it. Thread-safe.
/// </summary>
internal sealed class IgdNoticeListener : IAsyncDisposable
{
    /// <summary>A device says each thing for each of its parts, and all of it twice or thrice.</summary>
    private static readonly TimeSpan s_burst = TimeSpan.FromSeconds(5);

    private readonly IPAddress _gateway;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly GroupListener _listener;
    private uint? _bootId;
    private long? _goodbyeAt;

    internal IgdNoticeListener(GatewayRoute route, IDatagramChannelFactory channels, TimeProvider time)
    {
        _gateway = route.Gateway;
        _time = time;
        _listener = new GroupListener(channels, Options(route), IgdConstants.MaxSsdpLength, Judge);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <summary>Learns the number of the gateway's present start from its answer to a search.</summary>
    internal void NoteBootId(uint? bootId)
    {
        lock (_gate) _bootId = bootId ?? _bootId;
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // Bound to the group, and shared with other clients on this host.
    private static DatagramChannelOptions? Options(GatewayRoute route) => route.LocalAddress.AddressFamily != AddressFamily.InterNetwork
        ? null
        : new DatagramChannelOptions(
            SsdpSearch.Group,
            MulticastGroup: SsdpSearch.Group.Address,
            MulticastInterface: route.LocalAddress,
            ReuseAddress: true);

    private GatewayAnnouncement? Judge(ReceivedDatagram received, byte[] buffer)
    {
        if (received.Truncated || !received.Remote.Address.Equals(_gateway)) return null;
        if (!SsdpNotice.TryParse(buffer.AsSpan(0, received.Length), out SsdpNotice notice) || !notice.IsGateway) return null;
        return HintsAtRestart(notice) ? new GatewayAnnouncement(StateLost: true) : null;
    }

    private bool HintsAtRestart(SsdpNotice notice)
    {
        lock (_gate)
        {
            if (notice.Kind == SsdpNoticeKind.Byebye)
            {
                bool repeated = _goodbyeAt is { } at && _time.GetElapsedTime(at) < s_burst;
                if (!repeated) _goodbyeAt = _time.GetTimestamp();
                return !repeated;
            }

            uint? before = _bootId;
            _bootId = notice.BootId ?? before;
            return notice.Kind == SsdpNoticeKind.Alive && before is not null && _bootId != before;
        }
    }
}
