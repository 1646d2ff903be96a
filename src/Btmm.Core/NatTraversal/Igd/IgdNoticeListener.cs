using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// Hears what a gateway multicasts by SSDP and passes on what hints at a restart: that it goes, or another BOOTID; and, while the
/// gateway is missed, that it is there. Nothing is subscribed to (CVE-2020-12695). Where the port cannot be had, nothing is heard;
/// asking makes up for it. Thread-safe.
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
    private long? _newsAt;
    private string? _location;
    private bool _isMissed;

    internal IgdNoticeListener(GatewayRoute route, IDatagramChannelFactory channels, TimeProvider time)
    {
        _gateway = route.Gateway;
        _time = time;
        _listener = new GroupListener(channels, Options(route), IgdConstants.MaxSsdpLength, Judge);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <summary>Where the gateway last said by itself that its description is, not checked; null when it did not, or has gone.</summary>
    internal string? Location
    {
        get
        {
            lock (_gate) return _location;
        }
    }

    /// <summary>The gateway was found: learns the number of its present start, where its answer to a search told it.</summary>
    internal void NoteFound(uint? bootId)
    {
        lock (_gate)
        {
            _isMissed = false;
            _bootId = bootId ?? _bootId;
        }
    }

    /// <summary>The gateway is looked for: news of it are passed on until it is found.</summary>
    internal void NoteMissed()
    {
        lock (_gate) _isMissed = true;
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // Bound to the group, and shared with other clients on this host.
    private static DatagramChannelOptions? Options(GatewayRoute route) => !IgdScope.Includes(route)
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
        lock (_gate)
        {
            bool isNews = IsNews(notice);
            if (HintsAtRestart(notice)) return new GatewayAnnouncement(StateLost: true);
            return isNews ? new GatewayAnnouncement(StateLost: false) : null;
        }
    }

    private bool HintsAtRestart(SsdpNotice notice)
    {
        if (notice.Kind == SsdpNoticeKind.Byebye)
        {
            _location = null;
            bool repeated = _goodbyeAt is { } at && _time.GetElapsedTime(at) < s_burst;
            if (!repeated) _goodbyeAt = _time.GetTimestamp();
            return !repeated;
        }

        uint? before = _bootId;
        _bootId = notice.BootId ?? before;
        return notice.Kind == SsdpNoticeKind.Alive && before is not null && _bootId != before;
    }

    /// <summary>
    /// Whether a gateway that is missed says that it is there, at a place it did not name before: gateways repeat this all day, also
    /// those that then answer nothing.
    /// </summary>
    private bool IsNews(SsdpNotice notice)
    {
        if (notice.Kind != SsdpNoticeKind.Alive || notice.Location is null || notice.Location == _location) return false;
        _location = notice.Location;
        if (!_isMissed || (_newsAt is { } at && _time.GetElapsedTime(at) < s_burst)) return false;
        _newsAt = _time.GetTimestamp();
        return true;
    }
}
