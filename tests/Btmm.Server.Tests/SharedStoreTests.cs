using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Zones;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>Two services on one store: A and B, of which B learns what A did only when a test lets it or when it comes too late.</summary>
public sealed class SharedStoreTests : IDisposable
{
    private readonly SharedDatabase _database = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TsigKey _key = new(DnsName.Parse("both-key"), TsigAlgorithm.HmacSha256, new byte[32]);
    private readonly ServerHarness _a;
    private readonly ServerHarness _b;
    private readonly DnsName _studio;

    public SharedStoreTests()
    {
        _a = Open();
        _b = Open();
        _studio = _a.Name("studio");
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public async Task Update_AtOne_IsSeenAndToldAtTheOther()
    {
        await _a.AddAsync(Address(1));
        await _a.UpdateAsync([Records.DeleteSet(_studio, DnsType.A), Address(2)]);
        _b.Changes.Clear();
        await FollowAsync(_b);
        Assert.Equal([Address(2)], _b.Zone.Current.FindSet(_studio, DnsType.A));
        Assert.Equal(_a.Serial, _b.Serial);
        Assert.Equal([1, 2], _b.Changes.Select(static change => change.Added.Count(static item => item.Record.Type == DnsType.A) + change.Removed.Count(static item => item.Record.Type == DnsType.A)));
        Assert.Equal(1, _b.Changes.Last().Removed.Count(static item => item.Record.Type == DnsType.A));
        await FollowAsync(_b);
        Assert.Equal(2, _b.Changes.Count);
    }

    [Fact]
    public async Task Update_OvertakenByAnother_IsMadeAgainOnTopOfIt()
    {
        await _a.AddAsync(Address(1));
        await _b.AddAsync(Address(2));
        Assert.Equal(1, _b.Metrics.Read(ServerCount.CommitsOvertaken));
        await FollowAsync(_a);
        foreach (ServerHarness server in new[] { _a, _b })
            Assert.Equal(2, server.Zone.Current.FindSet(_studio, DnsType.A).Count);
        Assert.Equal(_a.Serial, _b.Serial);
        AssertSerialsRise();
    }

    [Fact]
    public async Task Updates_AtBothAtOnce_AreAllThereOnceInOneOrder()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => (i % 2 == 0 ? _a : _b).AddAsync(Records.A(_a.Name($"h{i}"), "192.0.2.1")))));
        await FollowAsync(_a);
        await FollowAsync(_b);
        foreach (ServerHarness server in new[] { _a, _b })
            Assert.All(Enumerable.Range(0, 200), i => Assert.Single(server.Zone.Current.FindSet(server.Name($"h{i}"), DnsType.A)));
        Assert.Equal(_a.Serial, _b.Serial);
        Assert.Equal(_a.Zone.Current.RecordCount, _b.Zone.Current.RecordCount);
        AssertSerialsRise();
        foreach (ServerHarness server in new[] { _a, _b })
            Assert.Equal(200, server.Changes.Sum(static change => change.Added.Count(static item => item.Record.Type == DnsType.A && item.Record.Name.FirstLabel.StartsWith('h'))));
    }

    [Fact]
    [Trait("rfc", "2136§3.2")]
    public async Task Prerequisite_IsCheckedAgainstTheLatestZone()
    {
        await _a.AddAsync(Address(1));
        Assert.Equal(DnsRcode.YXDomain, (await _b.UpdateAsync([Address(2)], [Records.NameNotInUse(_studio)])).Rcode);
        await _a.UpdateAsync([Records.DeleteName(_studio)]);
        Assert.Equal(DnsRcode.NXDomain, (await _b.UpdateAsync([Address(2)], [Records.NameInUse(_studio)])).Rcode);
        Assert.Equal(_a.Serial, _b.Serial);
    }

    [Fact]
    [Trait("rfc", "8945§10")]
    public async Task Message_SentToBoth_IsAppliedOnceAndDoesNotBringBackWhatWasReplaced()
    {
        byte[] first = _a.Sign(ServerHarness.Update(_a.Apex, [Records.DeleteSet(_studio, DnsType.A), Address(1)]), _key);
        await SendAsync(_a, first, DnsRcode.NoError);
        await _a.UpdateAsync([Records.DeleteSet(_studio, DnsType.A), Address(2)]);
        uint serial = _a.Serial;
        await SendAsync(_b, first, DnsRcode.NoError);
        Assert.Equal(serial, _b.Serial);
        Assert.Equal([Address(2)], _b.Zone.Current.FindSet(_studio, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "8945§10")]
    public async Task Message_RefusedByOne_IsAnsweredTheSameByTheOther()
    {
        byte[] message = _a.Sign(ServerHarness.Update(_a.Apex, [Address(1)], [Records.NameInUse(_studio)]), _key);
        await SendAsync(_a, message, DnsRcode.NXDomain);
        await _a.AddAsync(Address(2));
        await SendAsync(_b, message, DnsRcode.NXDomain);
        Assert.Equal([Address(2)], _b.Zone.Current.FindSet(_studio, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "8945§10")]
    public async Task Message_SentAgainAfterARestart_IsNotAppliedAgain()
    {
        byte[] message = _a.Sign(ServerHarness.Update(_a.Apex, [Address(1)]), _key);
        await SendAsync(_a, message, DnsRcode.NoError);
        await _a.UpdateAsync([Records.DeleteName(_studio)]);
        using ServerHarness restarted = Open();
        await SendAsync(restarted, message, DnsRcode.NoError);
        Assert.Null(restarted.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_ThatEnds_IsTakenOutByOneOfThem()
    {
        await _a.UpdateAsync([Address(1)], lease: new UpdateLeaseOption(1800));
        await FollowAsync(_b);
        uint serial = _a.Serial;
        int steps = _database.Steps.Count;
        _time.Advance(TimeSpan.FromSeconds(1799));
        await Task.WhenAll(ExpireAsync(_a), ExpireAsync(_b));
        Assert.Equal(serial, _a.Serial);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(ExpireAsync(_a), ExpireAsync(_b));
        await FollowAsync(_a);
        await FollowAsync(_b);
        Assert.Equal(steps + 1, _database.Steps.Count);
        foreach (ServerHarness server in new[] { _a, _b })
        {
            Assert.Equal(serial + 1, server.Serial);
            Assert.Null(server.Zone.Current.Find(_studio));
            Assert.Null(server.Zone.NextExpiry);
        }
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Lease_RenewedAtOne_IsNotTakenOutByTheOther()
    {
        await _a.UpdateAsync([Address(1)], lease: new UpdateLeaseOption(1800));
        await FollowAsync(_b);
        _time.Advance(TimeSpan.FromSeconds(1799));
        await _a.UpdateAsync([Address(1)], lease: new UpdateLeaseOption(3600));
        _time.Advance(TimeSpan.FromSeconds(1));
        await ExpireAsync(_b);
        Assert.Equal([Address(1)], _b.Zone.Live.FindSet(_studio, DnsType.A));
        Assert.Equal(_b.Clock.Now + TimeSpan.FromSeconds(3599), _b.Zone.NextExpiry);
        Assert.Equal(_a.Serial, _b.Serial);
    }

    [Fact]
    public async Task Steps_NotThereAnyMore_AreReplacedByTheWholeZoneAndItsDifference()
    {
        await _a.AddAsync(Address(1));
        await FollowAsync(_b);
        await _a.UpdateAsync([Records.DeleteName(_studio), Records.Txt(_a.Name("mini"), "x")]);
        await _a.AddAsync(Records.Txt(_a.Name("attic"), "x"));
        _database.Cut();
        _b.Changes.Clear();
        await FollowAsync(_b);
        ZoneChange change = Assert.Single(_b.Changes);
        Assert.Equal([DnsType.A, DnsType.SOA], change.Removed.Select(static item => item.Record.Type).Order());
        Assert.Equal([DnsType.SOA, DnsType.TXT, DnsType.TXT], change.Added.Select(static item => item.Record.Type).Order());
        Assert.Equal(_a.Serial, _b.Serial);
        await _b.AddAsync(Address(3));
        Assert.Equal(0, _b.Metrics.Read(ServerCount.CommitsOvertaken));
    }

    [Fact]
    public async Task Store_ThatOthersReachFirstAgainAndAgain_IsReserved()
    {
        _database.IsBusy = true;
        Assert.Equal(DnsRcode.NoError, (await _b.UpdateAsync([Address(1)])).Rcode);
        Assert.Equal(1, _database.Reservations);
        Assert.Equal(3, _b.Metrics.Read(ServerCount.CommitsOvertaken));
        Assert.Equal(DnsRcode.NoError, (await _b.UpdateAsync([Address(2)])).Rcode);
        Assert.Equal(1, _database.Reservations);
    }

    [Fact]
    public async Task Store_ThatOthersAlwaysReachFirst_EndsInServFail()
    {
        _database.IsBusy = true;
        _database.IsHeedless = true;
        Assert.Equal(DnsRcode.ServFail, (await _b.UpdateAsync([Address(1)])).Rcode);
        Assert.True(_b.Writer.Status.IsFailing);
        _database.IsBusy = false;
        Assert.Equal(DnsRcode.NoError, (await _b.UpdateAsync([Address(1)])).Rcode);
        Assert.False(_b.Writer.Status.IsFailing);
    }

    [Fact]
    public async Task Store_LostWhileFollowing_FailsLikeACommitAndGoesOnLater()
    {
        await _a.UpdateAsync([Address(1)], lease: new UpdateLeaseOption(1800));
        await FollowAsync(_b);
        await _a.AddAsync(Records.Txt(_a.Name("mini"), "x"));
        _database.IsLost = true;
        Assert.Equal(DnsRcode.ServFail, (await _b.UpdateAsync([Address(2)])).Rcode);
        _time.Advance(TimeSpan.FromSeconds(1800));
        await Assert.ThrowsAsync<IOException>(() => ExpireAsync(_b)); // what the reaper knows how to live with
        await Assert.ThrowsAsync<IOException>(() => FollowAsync(_b));
        Assert.True(_b.Writer.Status.IsFailing);
        _database.IsLost = false;
        await FollowAsync(_b);
        Assert.False(_b.Writer.Status.IsFailing);
        Assert.NotNull(_b.Zone.Current.Find(_b.Name("mini")));
    }

    [Fact]
    public async Task Zone_RemovedByAnother_IsServedAsItWasAndTakesNoUpdates()
    {
        await _b.AddAsync(Address(1));
        _database.IsRemoved = true;
        _database.IsBusy = true;
        Assert.Equal(DnsRcode.ServFail, (await _b.UpdateAsync([Address(2)])).Rcode);
        Assert.Single((await _b.QueryAsync(_studio, DnsType.A)).Answers);
        Assert.Contains("not in the store", _b.Writer.Status.Failure, StringComparison.Ordinal);
    }

    private static async Task FollowAsync(ServerHarness server)
    {
        server.Writer.Follow(server.Zone);

        // Its turn comes after that.
        await server.Zone.ApplyAsync(static (zone, _) => new Updates.UpdateResult(DnsRcode.NoError, zone, ZoneChange.None), CancellationToken.None);
    }

    private static async Task ExpireAsync(ServerHarness server) => await server.Zone.ExpireAsync(CancellationToken.None);

    private static async Task SendAsync(ServerHarness server, byte[] message, DnsRcode expected)
    {
        byte[]? answer = await server.SendAsync(message);
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply));
        Assert.Equal(expected, reply.Rcode);
    }

    private ServerHarness Open() => new(store: _database.Open(), time: _time, extraKeys: [new ZoneKey(_key, TestZones.Alice)]);

    private DnsRecord Address(int host) => Records.A(_studio, $"192.0.2.{host}");

    private void AssertSerialsRise()
    {
        ZoneTransaction[] visible = [.. _database.Steps.Where(static step => step.SerialBefore != step.SerialAfter)];
        Assert.All(visible, static step => Assert.Equal(step.SerialBefore + 1, step.SerialAfter));
        Assert.All(visible.Zip(visible.Skip(1)), static pair => Assert.Equal(pair.First.SerialAfter, pair.Second.SerialBefore));
    }
}
