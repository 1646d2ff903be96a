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
    private const int QueueLength = 16;

    /// <summary>A device says each thing for each of its parts, and all of it twice or thrice.</summary>
    private static readonly TimeSpan s_burst = TimeSpan.FromSeconds(5);

    private readonly IPAddress _gateway;
    private readonly TimeProvider _time;
    private readonly IDatagramChannel? _channel;
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Task _loop;
    private readonly Lock _gate = new();
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateBounded<GatewayAnnouncement>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    private uint? _bootId;
    private long? _goodbyeAt;

    internal IgdNoticeListener(GatewayRoute route, IDatagramChannelFactory channels, TimeProvider time)
    {
        _gateway = route.Gateway;
        _time = time;
        _channel = TryOpen(route, channels);
        _loop = _channel is null ? Task.CompletedTask : ListenAsync(_channel);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    /// <summary>Learns the number of the gateway's present start from its answer to a search.</summary>
    internal void NoteBootId(uint? bootId)
    {
        lock (_gate) _bootId = bootId ?? _bootId;
    }

    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        if (_channel is not null) await _channel.DisposeAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _announcements.Writer.TryComplete();
        _shutdown.Dispose();
    }

    private static IDatagramChannel? TryOpen(GatewayRoute route, IDatagramChannelFactory channels)
    {
        if (route.LocalAddress.AddressFamily != AddressFamily.InterNetwork) return null;
        try
        {
            // Bound to the group, and shared with other clients on this host.
            return channels.Open(new DatagramChannelOptions(
                SsdpSearch.Group,
                MulticastGroup: SsdpSearch.Group.Address,
                MulticastInterface: route.LocalAddress,
                ReuseAddress: true));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private async Task ListenAsync(IDatagramChannel channel)
    {
        byte[] buffer = new byte[IgdConstants.MaxSsdpLength];
        while (!_shutdown.IsCancellationRequested)
        {
            ReceivedDatagram received = await channel.ReceiveAsync(buffer, _shutdown.Token).ConfigureAwait(false);
            if (received.Truncated || !received.Remote.Address.Equals(_gateway)) continue;
            if (!SsdpNotice.TryParse(buffer.AsSpan(0, received.Length), out SsdpNotice notice) || !notice.IsGateway) continue;
            if (HintsAtRestart(notice)) _announcements.Writer.TryWrite(new GatewayAnnouncement(StateLost: true));
        }
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
