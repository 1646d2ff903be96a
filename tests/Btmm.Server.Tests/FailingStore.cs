using Btmm.Protocol.Dns;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

internal sealed class FailingStore : IZoneStore
{
    private readonly MemoryZoneStore _store = new();

    internal bool Fails { get; set; }

    public ValueTask<ZoneImage> LoadAsync(DnsName zone, CancellationToken cancellationToken) => _store.LoadAsync(zone, cancellationToken);

    public ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadJournalAsync(DnsName zone, uint serial, CancellationToken cancellationToken) =>
        _store.ReadJournalAsync(zone, serial, cancellationToken);

    public ValueTask<bool> CommitAsync(IReadOnlyList<ZoneTransaction> batch, CancellationToken cancellationToken) =>
        Fails ? throw new IOException("No space left on device.") : _store.CommitAsync(batch, cancellationToken);
}
