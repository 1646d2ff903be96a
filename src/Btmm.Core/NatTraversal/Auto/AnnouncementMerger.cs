using System.Threading.Channels;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>Makes one queue of the announcements of several mappers. Ends when all of them have ended. Thread-safe.</summary>
internal sealed class AnnouncementMerger : IAsyncDisposable
{
    private const int QueueLength = 16;

    private readonly Channel<GatewayAnnouncement> _merged = Channel.CreateBounded<GatewayAnnouncement>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _pumps;

    internal AnnouncementMerger(IEnumerable<ChannelReader<GatewayAnnouncement>> sources) =>
        _pumps = Task.WhenAll(sources.Select(PumpAsync).ToArray());

    internal ChannelReader<GatewayAnnouncement> Reader => _merged.Reader;

    /// <summary>Waits for the sources to end: dispose them before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _merged.Writer.TryComplete();
    }

    private async Task PumpAsync(ChannelReader<GatewayAnnouncement> source)
    {
        await foreach (GatewayAnnouncement announcement in source.ReadAllAsync().ConfigureAwait(false))
            _merged.Writer.TryWrite(announcement);
    }
}
