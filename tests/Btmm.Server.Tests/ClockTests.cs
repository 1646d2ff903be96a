using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>Leases and wall clocks that are set or wrong.</summary>
public sealed class ClockTests
{
    private readonly SteppedTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly MemoryZoneStore _store = new();

    [Theory]
    [InlineData(+36_000)]
    [InlineData(-36_000)]
    public async Task Clock_SetWhileRunning_ChangesNoLease(int seconds)
    {
        using var server = new ServerHarness(store: _store, time: _time);
        await server.UpdateAsync([Records.A(server.Name("studio"), "192.0.2.1")], lease: new UpdateLeaseOption(3600));
        _time.Step = TimeSpan.FromSeconds(seconds);
        server.Advance(TimeSpan.FromSeconds(3599));
        Assert.NotNull(server.Zone.Current.Find(server.Name("studio")));
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(server.Zone.Current.Find(server.Name("studio")));
    }

    [Theory]
    [InlineData(+36_000)]
    [InlineData(-36_000)]
    public async Task Clock_SetBeforeARestart_ChangesNoLeaseOnceTheServiceHasNoticed(int seconds)
    {
        using (var server = new ServerHarness(store: _store, time: _time))
        {
            await server.UpdateAsync([Records.A(server.Name("studio"), "192.0.2.1")], lease: new UpdateLeaseOption(3600));
            uint serial = server.Serial;
            _time.Step = TimeSpan.FromSeconds(seconds);
            await server.Zone.StoreLeasesAsync(CancellationToken.None);
            Assert.Equal(serial, server.Serial);
        }

        using var again = new ServerHarness(store: _store, time: _time);
        again.Advance(TimeSpan.FromSeconds(3599));
        Assert.NotNull(again.Zone.Current.Find(again.Name("studio")));
        again.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(again.Zone.Current.Find(again.Name("studio")));
    }

    [Fact]
    public async Task Service_WhoseClockIsSet_WritesTheEndsOfLeasesAgain()
    {
        using BtmmAccount account = TestZones.NewAccount();
        DateTimeOffset end = _time.GetUtcNow() + TimeSpan.FromHours(1);
        await StoreAsync(account.Domain, end);
        await using var service = new ZoneService(TestZones.Options(account) with { Store = _store, TimeProvider = _time });
        await service.StartAsync();
        _time.Step = TimeSpan.FromDays(1);
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1)); // the loop may not have set its timer yet
                return LeaseEnd(account.Domain) == end.AddDays(1);
            },
            () => $"{LeaseEnd(account.Domain)}");
    }

    [Fact]
    public async Task Service_StartedWithAClockFarBehind_KeepsRecordsForOneLongestLease()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await StoreAsync(account.Domain, _time.GetUtcNow() + TimeSpan.FromDays(20_000));
        await using var service = new ZoneService(TestZones.Options(account) with { Store = _store, TimeProvider = _time });
        await service.StartAsync();
        Assert.Equal(1, service.GetStatus().Zones[0].LeasedRecords);
        _time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        Assert.Equal(1, service.GetStatus().Zones[0].LeasedRecords);
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return service.GetStatus().Zones[0].LeasedRecords == 0;
            },
            "the record is gone");
    }

    [Theory]
    [InlineData(0.9, false)]
    [InlineData(-0.9, false)]
    [InlineData(1, true)]
    [InlineData(-1, true)]
    public void Watch_TellsStepsOfASecondAndMoreUntilTheyAreAccepted(double seconds, bool isStep)
    {
        var watch = new ClockWatch(new ServiceClock(_time));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(watch.Step);
        _time.Step = TimeSpan.FromSeconds(seconds);
        Assert.Equal(isStep ? _time.Step : null, watch.Step);
        Assert.Equal(isStep, watch.Step is not null);
        watch.Accept();
        Assert.Null(watch.Step);
    }

    private async Task StoreAsync(DnsName zone, DateTimeOffset leaseEnd)
    {
        var soa = new DnsRecord(zone, 120, new SoaData(zone.Prepend("ns"), zone.Prepend("hostmaster"), 1, 2, 3, 4, 5));
        StoredRecord leased = new(Records.A(zone.Prepend("studio"), "192.0.2.1"), leaseEnd);
        await _store.CommitAsync([new ZoneTransaction(zone, 0, 1, [], [], [new StoredRecord(soa, null), leased], [])], CancellationToken.None);
    }

    private DateTimeOffset? LeaseEnd(DnsName zone) =>
        _store.LoadAsync(zone, CancellationToken.None).Result.Records.Single(static item => item.LeaseEnd is not null).LeaseEnd;
}
