using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Listens to what is multicast to a group and queues what of it are a gateway's announcements. Where the port cannot be had, nothing
/// is heard. Thread-safe.
/// </summary>
internal sealed class GroupListener : IAsyncDisposable
{
    private const int QueueLength = 16;

    /// <summary>So many errors in a row mean that the socket is of no use any more; fewer come with an interface that goes and returns.</summary>
    private const int MaxErrors = 16;

    private readonly IDatagramChannel? _channel;
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Task _loop;
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateBounded<GatewayAnnouncement>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Begins to listen.</summary>
    /// <param name="channels">Where the socket comes from.</param>
    /// <param name="options">The group; null to hear nothing.</param>
    /// <param name="maxLength">The longest datagram that means anything.</param>
    /// <param name="judge">What a datagram of this buffer announces; null for nothing. Called by one task, never with one that was cut off.</param>
    internal GroupListener(
        IDatagramChannelFactory channels, DatagramChannelOptions? options, int maxLength, Func<ReceivedDatagram, byte[], GatewayAnnouncement?> judge)
    {
        _channel = options is null ? null : TryOpen(channels, options);
        _loop = _channel is null ? Task.CompletedTask : ListenAsync(_channel, maxLength, judge);
    }

    /// <summary>What was heard, oldest dropped when nobody reads.</summary>
    internal ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    /// <summary>Passes on what was heard in another way.</summary>
    internal void Tell(GatewayAnnouncement announcement) => _announcements.Writer.TryWrite(announcement);

    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        if (_channel is not null) await _channel.DisposeAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _announcements.Writer.TryComplete();
        _shutdown.Dispose();
    }

    private static IDatagramChannel? TryOpen(IDatagramChannelFactory channels, DatagramChannelOptions options)
    {
        try
        {
            return channels.Open(options);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private async Task ListenAsync(IDatagramChannel channel, int maxLength, Func<ReceivedDatagram, byte[], GatewayAnnouncement?> judge)
    {
        byte[] buffer = new byte[maxLength];
        for (int errors = 0; errors < MaxErrors;)
        {
            try
            {
                ReceivedDatagram received = await channel.ReceiveAsync(buffer, _shutdown.Token).ConfigureAwait(false);
                errors = 0;
                if (!received.Truncated && judge(received, buffer) is { } announcement) Tell(announcement);
            }
            catch (SocketException)
            {
                errors++;
            }
        }
    }
}
