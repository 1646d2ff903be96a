using Btmm.Protocol.Dns;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

public sealed class MemoryZoneStoreTests
{
    private readonly MemoryZoneStore _store = new();

    [Fact]
    [Trait("rfc", "1995§4")]
    public async Task Journal_FromASerial_HasTheStepsSince()
    {
        await StepAsync(1);
        await StepAsync(2);
        IReadOnlyList<ZoneJournalEntry>? all = await ReadAsync(1);
        Assert.Equal([(1u, 2u), (2u, 3u)], all?.Select(static entry => (entry.SerialBefore, entry.SerialAfter)));
        Assert.Equal("h2", all?[1].Added[0].Data.ToString()!.Trim('"'));
        Assert.Single(await ReadAsync(2) ?? []);
        Assert.Empty(await ReadAsync(3) ?? [all![0]]);
        Assert.Null(await ReadAsync(4));
        Assert.Null(await _store.ReadJournalAsync(DnsName.Parse("other.example"), 1, CancellationToken.None));
    }

    [Fact]
    public async Task Journal_Long_IsCutAtItsOldEnd()
    {
        for (uint serial = 1; serial <= 5000; serial++)
            await StepAsync(serial);
        Assert.Null(await ReadAsync(1));
        Assert.Equal(1000, (await ReadAsync(4001))?.Count);
    }

    [Fact]
    public async Task Journal_ARenewalOfLeases_IsNotInIt()
    {
        await StepAsync(1);
        var renewed = new StoredRecord(Records.Txt(TestZones.Alice, "h1"), DateTimeOffset.UnixEpoch);
        await _store.CommitAsync([new ZoneTransaction(TestZones.Alice, 2, 2, [], [], [], [renewed])], CancellationToken.None);
        Assert.Single(await ReadAsync(1) ?? []);
        Assert.Empty(await ReadAsync(2) ?? [null!]);
    }

    private async Task StepAsync(uint serial) => await _store.CommitAsync(
        [new ZoneTransaction(TestZones.Alice, serial, serial + 1, [], [], [new StoredRecord(Records.Txt(TestZones.Alice, $"h{serial}"), null)], [])],
        CancellationToken.None);

    private ValueTask<IReadOnlyList<ZoneJournalEntry>?> ReadAsync(uint serial) => _store.ReadJournalAsync(TestZones.Alice, serial, CancellationToken.None);
}
