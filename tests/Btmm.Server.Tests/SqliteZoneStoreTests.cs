using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>The SQLite store by itself.</summary>
public sealed class SqliteZoneStoreTests : IDisposable
{
    private static readonly DateTimeOffset s_leaseEnd = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);
    private static readonly DnsName s_zone = TestZones.Alice;
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Records_OfEveryKind_ComeBackAsTheyWere()
    {
        DnsName host = s_zone.PrependLabels("Studio");
        StoredRecord[] records =
        [
            Soa(7),
            Keep(Records.A(host, "192.0.2.1", 0)),
            Keep(Records.Aaaa(host, "fd00::1", uint.MaxValue)),
            Keep(Records.Txt(host, "model=Studio"), s_leaseEnd),
            Keep(Records.Txt(host, "")),
            Keep(Records.Srv(s_zone.PrependLabels("_autotunnel._udp.Studio"), 51_820, host), s_leaseEnd),
            Keep(Records.Ptr(s_zone.PrependLabels("_autotunnel._udp"), host)),
            Keep(Records.Cname(s_zone.PrependLabels("alias"), host)),
            Keep(Records.Ns(s_zone, s_zone.PrependLabels("ns"))),
            Keep(new DnsRecord(host, 60, new KeyData(512, 3, 13, new byte[64]))),
            Keep(new DnsRecord(host, 60, new UnknownData((DnsType)65_400, new byte[] { 0, 1, 255 }))),
            Keep(new DnsRecord(s_zone.PrependLabels("a\\.dot.\\000\\255"), 60, new AData(IPAddress.Loopback))),
        ];
        await using (SqliteZoneStore store = await _directory.OpenAsync())
            await store.CommitAsync([Step(6, 7, [], records)], CancellationToken.None);

        await using SqliteZoneStore again = await _directory.OpenAsync();
        IReadOnlyList<StoredRecord> loaded = (await again.LoadAsync(s_zone, CancellationToken.None)).Records;
        Assert.Equal(records.ToHashSet(), loaded.ToHashSet());
        Assert.Equal("Studio", loaded.First(item => item.Record.Type == DnsType.KEY).Record.Name.FirstLabel);
        Assert.Equal(["zones.db", "zones.db-wal"], _directory.Files);
        Assert.Empty((await again.LoadAsync(DnsName.Parse("other.example"), CancellationToken.None)).Records);
    }

    [Fact]
    public async Task Batch_WithSeveralStepsOfARecord_LeavesTheLast()
    {
        DnsName host = s_zone.PrependLabels("studio");
        StoredRecord first = Keep(Records.Ptr(host, DnsName.Parse("Target.example")));
        StoredRecord renewed = Keep(Records.Ptr(host, DnsName.Parse("target.EXAMPLE")), s_leaseEnd);
        StoredRecord gone = Keep(Records.A(host, "192.0.2.1"));
        await using SqliteZoneStore store = await _directory.OpenAsync();
        await store.CommitAsync(
            [Step(1, 2, [], [Soa(2), first, gone]), Step(2, 3, [Soa(2).Record, gone.Record], [Soa(3)]), Step(3, 3, [], [], [renewed])],
            CancellationToken.None);
        Assert.Equal([renewed, Soa(3)], (await store.LoadAsync(s_zone, CancellationToken.None)).Records.OrderBy(static item => item.Record.Type == DnsType.SOA));

        await store.CommitAsync([Step(3, 4, [Soa(3).Record, first.Record], [Soa(4)])], CancellationToken.None);
        Assert.Equal([Soa(4)], (await store.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    [Fact]
    public async Task Zones_InOneFile_AreKeptApart()
    {
        DnsName other = DnsName.Parse("BOB.members.example.net");
        await using SqliteZoneStore store = await _directory.OpenAsync();
        StoredRecord mine = Keep(Records.A(s_zone, "192.0.2.1"));
        StoredRecord theirs = Keep(Records.A(other, "192.0.2.2"));
        await store.CommitAsync([Step(1, 2, [], [mine]), Step(1, 2, [], [theirs]) with { Zone = other }], CancellationToken.None);
        Assert.Equal([mine], (await store.LoadAsync(s_zone, CancellationToken.None)).Records);
        Assert.Equal([theirs], (await store.LoadAsync(DnsName.Parse("bob.members.example.net"), CancellationToken.None)).Records);
    }

    [Fact]
    [Trait("rfc", "1995§4")]
    public async Task Journal_FromASerial_HasTheStepsSince()
    {
        StoredRecord address = Keep(Records.A(s_zone.PrependLabels("studio"), "192.0.2.1"));
        StoredRecord slower = address with { Record = address.Record with { Ttl = 300 } };
        await using SqliteZoneStore store = await _directory.OpenAsync();
        await store.CommitAsync([Step(1, 2, [], [Soa(2), address]), Step(2, 2, [], [], [address])], CancellationToken.None);
        await store.CommitAsync([Step(2, 3, [Soa(2).Record], [Soa(3), slower]) with { Replaced = [address.Record] }], CancellationToken.None);

        IReadOnlyList<ZoneJournalEntry>? all = await store.ReadJournalAsync(s_zone, 1, CancellationToken.None);
        Assert.NotNull(all);
        Assert.Equal([(1u, 2u), (2u, 3u)], all.Select(static entry => (entry.SerialBefore, entry.SerialAfter)));
        Assert.Equal([Soa(2).Record, address.Record], all[1].Removed);
        Assert.Equal([Soa(3).Record, slower.Record], all[1].Added);
        Assert.Single(await store.ReadJournalAsync(s_zone, 2, CancellationToken.None) ?? []);
        Assert.Empty(await store.ReadJournalAsync(s_zone, 3, CancellationToken.None) ?? [all[0]]);
        Assert.Null(await store.ReadJournalAsync(s_zone, 99, CancellationToken.None));
    }

    [Fact]
    public async Task Journal_Long_IsCutAtItsOldEnd()
    {
        await using SqliteZoneStore store = await _directory.OpenAsync();
        uint end = (3 * SqliteZoneStore.JournalLength) + 1;
        for (uint serial = 0; serial < end; serial += 1024)
        {
            ZoneTransaction[] steps = [.. Enumerable.Range(0, 1024).Select(i => serial + (uint)i).Where(s => s < end).Select(s => Step(s, s + 1, [], [Soa(s + 1)]))];
            await store.CommitAsync(steps, CancellationToken.None);
        }

        Assert.Null(await store.ReadJournalAsync(s_zone, 0, CancellationToken.None));
        Assert.Equal(SqliteZoneStore.JournalLength, (await store.ReadJournalAsync(s_zone, end - SqliteZoneStore.JournalLength, CancellationToken.None))?.Count);
    }

    [Fact]
    public async Task File_New_IsItsOwnersAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such modes");
            return;
        }

        await using SqliteZoneStore store = await _directory.OpenAsync();
        await store.CommitAsync([Step(1, 2, [], [Soa(2)])], CancellationToken.None);
        foreach (string suffix in new[] { "", "-wal" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File + suffix));
    }

    [Theory]
    [InlineData("This is a letter, and somebody wants it back as it was.")]
    [InlineData("SQLite format 3\0 but no more than that")]
    [InlineData("x")]
    public async Task File_Foreign_IsRefusedAndLeftAlone(string content)
    {
        File.WriteAllText(_directory.File, content);
        BtmmException error = await _directory.AssertRefusedAsync(BtmmErrorReason.StoreInvalid);
        Assert.Contains("is not a store", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(_directory.File));
        Assert.Equal(["zones.db"], _directory.Files);
    }

    [Fact]
    public async Task File_OfAnotherVersionOrProgram_IsRefusedAndLeftAlone()
    {
        await using (await _directory.OpenAsync())
        {
        }

        byte[] newer = File.ReadAllBytes(_directory.File);
        newer[63] = 99;
        File.WriteAllBytes(_directory.File, newer);
        Assert.Contains("version 99", (await _directory.AssertRefusedAsync(BtmmErrorReason.StoreInvalid)).Message, StringComparison.Ordinal);
        newer[71]++;
        File.WriteAllBytes(_directory.File, newer);
        Assert.Contains("is not a store", (await _directory.AssertRefusedAsync(BtmmErrorReason.StoreInvalid)).Message, StringComparison.Ordinal);
        Assert.Equal(newer, File.ReadAllBytes(_directory.File));
    }

    [Fact]
    public async Task File_Damaged_IsRefusedWhenOpenedOrRead()
    {
        await using (SqliteZoneStore store = await _directory.OpenAsync())
            await store.CommitAsync([Step(1, 2, [], [Soa(2), .. Enumerable.Range(0, 2000).Select(i => Keep(Records.Txt(s_zone, $"{i}")))])], CancellationToken.None);
        byte[] damaged = File.ReadAllBytes(_directory.File);
        damaged.AsSpan(4096).Fill(0xA5);
        File.WriteAllBytes(_directory.File, damaged);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(async () =>
        {
            await using SqliteZoneStore store = await _directory.OpenAsync();
            await store.LoadAsync(s_zone, CancellationToken.None);
        });
        Assert.Equal(BtmmErrorReason.StoreInvalid, error.Reason);
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
        Assert.Equal(damaged, File.ReadAllBytes(_directory.File));
    }

    [Fact]
    public async Task File_OpenElsewhere_IsRefusedUntilItIsFree()
    {
        await using (await _directory.OpenAsync())
            await _directory.AssertRefusedAsync(BtmmErrorReason.ResourceBusy);
        await using SqliteZoneStore store = await _directory.OpenAsync();
        Assert.Empty((await store.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    [Fact]
    public async Task File_InADirectoryThatIsNotThere_IsRefused()
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => SqliteZoneStore.OpenAsync(Path.Combine(_directory.File, "x", "y")));
        Assert.Equal(BtmmErrorReason.StoreFailed, error.Reason);
    }

    [Fact]
    public async Task File_LeftHalfMade_IsMadeAnew()
    {
        File.WriteAllText(_directory.File + ".new", "half");
        File.WriteAllText(_directory.File, "");
        await using SqliteZoneStore store = await _directory.OpenAsync();
        Assert.Empty((await store.LoadAsync(s_zone, CancellationToken.None)).Records);
    }

    private static StoredRecord Keep(DnsRecord record, DateTimeOffset? leaseEnd = null) => new(record, leaseEnd);

    private static StoredRecord Soa(uint serial) =>
        Keep(new DnsRecord(s_zone, 120, new SoaData(s_zone.PrependLabels("ns"), s_zone.PrependLabels("Hostmaster"), serial, 1, 2, 3, 4)));

    private static ZoneTransaction Step(uint before, uint after, DnsRecord[] removed, StoredRecord[] added, StoredRecord[]? leased = null) =>
        new(s_zone, before, after, removed, [], added, leased ?? []);
}
