using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Hears what a gateway multicasts to 224.0.0.1:5350 (RFC 6886 §3.2.1; RFC 6887 §14.1 in the form of PCP) and passes on what
/// came from the gateway's own address.
/// Where the port cannot be had, nothing is heard; the periodic address query makes up for it.
/// </summary>
internal sealed class NatPmpAnnouncementListener : IAsyncDisposable
{
    private const int QueueLength = 16;
    private static readonly IPAddress s_group = IPAddress.Parse("224.0.0.1");

    private readonly IPAddress _gateway;
    private readonly NatPmpClient _client;
    private readonly IDatagramChannel? _channel;
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Task _loop;
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateBounded<GatewayAnnouncement>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    internal NatPmpAnnouncementListener(GatewayRoute route, IDatagramChannelFactory channels, NatPmpClient client)
    {
        _gateway = route.Gateway;
        _client = client;
        _channel = TryOpen(route, channels);
        _loop = _channel is null ? Task.CompletedTask : ListenAsync(_channel);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

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
        try
        {
            // Bound to the group, not to 0.0.0.0, and shared with other clients on this host (§3.2.1, implementation note).
            return channels.Open(new DatagramChannelOptions(
                new IPEndPoint(s_group, NatPmpConstants.AnnouncementPort),
                MulticastGroup: s_group,
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
        byte[] buffer = new byte[NatPmpConstants.MaxMessageLength];
        while (!_shutdown.IsCancellationRequested)
        {
            ReceivedDatagram received = await channel.ReceiveAsync(buffer, _shutdown.Token).ConfigureAwait(false);
            if (!received.Remote.Address.Equals(_gateway)) continue;
            if (Epoch(buffer.AsSpan(0, received.Length)) is not { } epoch) continue;
            _announcements.Writer.TryWrite(new GatewayAnnouncement(_client.AnnouncesLoss(epoch)));
        }
    }

    /// <summary>The epoch that an announcement of NAT-PMP or PCP names; null when it is neither.</summary>
    private static uint? Epoch(ReadOnlySpan<byte> message)
    {
        if (NatPmpAnnouncement.TryParse(message, out NatPmpAnnouncement ours)) return ours.EpochSeconds;
        return PcpAnnouncement.TryParse(message, out PcpAnnouncement other) ? other.EpochSeconds : null;
    }
}
