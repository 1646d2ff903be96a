using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Tests.Peers;

/// <summary>A zone service in memory: records every update and can fail or hang.</summary>
internal sealed class FakeZone : IZoneUpdater
{
    private readonly Channel<(IReadOnlyList<DnsRecord> Updates, TimeSpan? Lease)> _updates =
        Channel.CreateUnbounded<(IReadOnlyList<DnsRecord>, TimeSpan?)>();

    internal volatile BtmmException? Failure;
    internal volatile bool Hangs;
    internal TimeSpan? GrantedLease { get; set; }
    internal int NetworkChanges { get; private set; }

    public async Task<TimeSpan> UpdateAsync(IReadOnlyList<DnsRecord> updates, TimeSpan? lease, CancellationToken cancellationToken)
    {
        _updates.Writer.TryWrite((updates, lease));
        if (Hangs) await Task.Delay(Timeout.Infinite, cancellationToken);
        return Failure is { } failure ? throw failure : GrantedLease ?? lease ?? TimeSpan.Zero;
    }

    public void NetworkChanged() => NetworkChanges++;

    /// <summary>The next update, with time running meanwhile.</summary>
    internal async Task<(IReadOnlyList<DnsRecord> Updates, TimeSpan? Lease)> NextAsync(FakeClock clock) =>
        await clock.RunUntilAsync(_updates.Reader.ReadAsync().AsTask());

    internal bool HasMore => _updates.Reader.Count > 0;

    internal static BtmmException Down { get; } = new(BtmmErrorReason.Timeout, "down", "wait");
}
