using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

/// <summary>Update leases (RFC 9664) on a virtual clock.</summary>
public sealed class LeaseTests : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;
    private readonly DnsRecord _address;

    public LeaseTests()
    {
        _studio = _server.Name("studio");
        _address = Records.Aaaa(_studio, "fd00::1");
    }

    public void Dispose() => _server.Dispose();

    [Theory]
    [Trait("rfc", "9664§4.4")]
    [InlineData(0u, 1800u)]
    [InlineData(1u, 1800u)]
    [InlineData(1800u, 1800u)]
    [InlineData(5400u, 5400u)]
    [InlineData(7200u, 7200u)]
    [InlineData(7201u, 7200u)]
    [InlineData(uint.MaxValue, 7200u)]
    public async Task Option_FourBytes_IsAnsweredInKindWithinBounds(uint asked, uint granted)
    {
        DnsMessage reply = await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(asked));
        Assert.Equal(new UpdateLeaseOption(granted), Assert.Single(reply.Edns!.Options));
    }

    [Fact]
    [Trait("rfc", "9664§4.4")]
    public async Task Option_EightBytes_IsAnsweredInKind()
    {
        DnsMessage reply = await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(3600, 1_000_000));
        Assert.Equal(new UpdateLeaseOption(3600, 604_800), Assert.Single(reply.Edns!.Options));
    }

    [Fact]
    [Trait("rfc", "9664§4.4")]
    public async Task Option_InAFailedUpdate_IsNotAnswered()
    {
        DnsMessage reply = await _server.UpdateAsync([_address], [Records.NameInUse(_studio)], new UpdateLeaseOption(3600));
        Assert.Equal(DnsRcode.NXDomain, reply.Rcode);
        Assert.Empty(reply.Edns!.Options);
    }

    [Fact]
    [Trait("rfc", "9664§4.1")]
    public async Task Option_OfAnotherLength_IsFormErr()
    {
        DnsMessage update = ServerHarness.Update(_server.Apex, [_address]);
        update = update with { Additional = [new EdnsInfo(new UnknownOption(UpdateLeaseOption.OptionCode, new byte[5])).ToRecord()] };
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(update, _server.Key)).Rcode);
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_AtItsEnd_RemovesTheRecordToTheSecondAndRaisesTheSerial()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(3600));
        uint serial = _server.Serial;
        _server.Advance(TimeSpan.FromSeconds(3599));
        Assert.Single((await _server.QueryAsync(_studio, DnsType.AAAA)).Answers);
        Assert.Equal(serial, _server.Serial);
        _server.Advance(s_second);
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_studio, DnsType.AAAA)).Rcode);
        Assert.Equal(serial + 1, _server.Serial);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.LeasesExpired));
        Assert.Null(_server.Zone.NextExpiry);
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_AtItsEnd_IsNotAnsweredEvenBeforeTheReaperRuns()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(3600));
        _server.Time.Advance(TimeSpan.FromSeconds(3600));
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_studio, DnsType.AAAA)).Rcode);
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_SameRecords_ProlongsAndKeepsTheSerial()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(3600));
        uint serial = _server.Serial;
        for (int i = 0; i < 5; i++)
        {
            _server.Advance(TimeSpan.FromSeconds(2900));
            await _server.UpdateAsync([Records.DeleteSet(_studio, DnsType.AAAA), _address], lease: new UpdateLeaseOption(3600));
        }

        Assert.Equal(serial, _server.Serial);
        _server.Advance(TimeSpan.FromSeconds(3599));
        Assert.NotNull(_server.Zone.Current.Find(_studio));
        _server.Advance(s_second);
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_AfterExpiry_RaisesTheSerial()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        _server.Advance(TimeSpan.FromSeconds(1800));
        uint serial = _server.Serial;
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        Assert.Equal(serial + 1, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "9664§4.1")]
    public async Task KeyLease_Longer_KeepsTheKeyRecordOnly()
    {
        await _server.UpdateAsync([_address, Key()], lease: new UpdateLeaseOption(1800, 86_400));
        _server.Advance(TimeSpan.FromSeconds(1800));
        Assert.Empty(_server.Zone.Current.FindSet(_studio, DnsType.AAAA));
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.KEY));
        _server.Advance(TimeSpan.FromSeconds(86_400 - 1800));
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    public async Task Update_WithoutLease_MakesARecordPermanent()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        await _server.UpdateAsync([_address]);
        _server.Advance(TimeSpan.FromDays(30));
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.AAAA));
        Assert.Null(_server.Zone.NextExpiry);
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Leases_OfSeveralHosts_EndOneByOne()
    {
        for (int i = 0; i < 10; i++)
        {
            await _server.UpdateAsync([Records.Ptr(_server.Name("_autotunnel._udp"), _server.Name($"h{i}"))], lease: new UpdateLeaseOption(1800));
            _server.Advance(TimeSpan.FromSeconds(10));
        }

        for (int left = 9; left >= 0; left--)
        {
            _server.Advance(_server.Zone.NextExpiry!.Value - _server.Clock.Now);
            Assert.Equal(left, _server.Zone.Current.FindSet(_server.Name("_autotunnel._udp"), DnsType.PTR).Count);
        }
    }

    [Fact]
    public async Task Leases_RenewedVeryOften_AreNotPiledUp()
    {
        for (int i = 0; i < 5000; i++)
        {
            _server.Time.Advance(s_second);
            await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(7200));
        }

        _server.Advance(TimeSpan.FromSeconds(7199));
        Assert.NotNull(_server.Zone.Current.Find(_studio));
        _server.Advance(s_second);
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Store_ReloadedLater_KeepsRecordsLeasesAndSerial()
    {
        var store = new MemoryZoneStore();
        using var first = new ServerHarness(store: store);
        await first.UpdateAsync([Records.Txt(_server.Name("stays"), "x")]);
        await first.UpdateAsync([_address], lease: new UpdateLeaseOption(3600));
        using var second = new ServerHarness(store: store);
        Assert.Equal(first.Serial, second.Serial);
        Assert.Single(second.Zone.Current.FindSet(_studio, DnsType.AAAA));
        second.Advance(TimeSpan.FromSeconds(3600));
        Assert.Null(second.Zone.Current.Find(_studio));
        Assert.NotNull(second.Zone.Current.Find(_server.Name("stays")));
    }

    [Fact]
    [Trait("rfc", "9664§4.4")]
    public async Task Option_InAnUpdateOfDeletionsOnly_IsAnsweredToo()
    {
        DnsMessage reply = await _server.UpdateAsync([Records.DeleteName(_studio)], lease: new UpdateLeaseOption(3600));
        Assert.Equal(new UpdateLeaseOption(3600), Assert.Single(reply.Edns!.Options));
    }

    [Fact]
    [Trait("rfc", "9664§4.4")]
    public async Task Option_NotAsked_IsNotAnswered()
    {
        DnsMessage reply = await _server.UpdateAsync([_address]);
        Assert.Null(reply.Edns);
    }

    [Fact]
    [Trait("rfc", "9664§4.4")]
    public async Task FourBytes_KeyAndOtherRecords_EndTogether()
    {
        await _server.UpdateAsync([_address, Key()], lease: new UpdateLeaseOption(1800));
        _server.Advance(TimeSpan.FromSeconds(1799));
        Assert.Equal(2, _server.Zone.Current.Find(_studio)!.Records.Length);
        _server.Advance(s_second);
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "9664§4.1")]
    public async Task KeyLease_RefreshedAlone_KeepsTheNameReserved()
    {
        await _server.UpdateAsync([_address, Key()], lease: new UpdateLeaseOption(1800, 3600));
        _server.Advance(TimeSpan.FromSeconds(1800));
        uint serial = _server.Serial;
        await _server.UpdateAsync([Key()], lease: new UpdateLeaseOption(1800, 3600));
        Assert.Equal(serial, _server.Serial);
        _server.Advance(TimeSpan.FromSeconds(3599));
        Assert.Equal(DnsRcode.YXDomain, (await _server.UpdateAsync([], [Records.NameNotInUse(_studio)])).Rcode);
        _server.Advance(s_second);
        Assert.Equal(DnsRcode.NoError, (await _server.UpdateAsync([], [Records.NameNotInUse(_studio)])).Rcode);
    }

    [Fact]
    [Trait("rfc", "9664§4.1")]
    public async Task KeyLease_ThenDeleted_IsGoneForGood()
    {
        await _server.UpdateAsync([_address, Key()], lease: new UpdateLeaseOption(1800, 86_400));
        await _server.UpdateAsync([Records.DeleteName(_studio)], lease: new UpdateLeaseOption(1800, 86_400));
        Assert.Null(_server.Zone.Current.Find(_studio));
        Assert.Null(_server.Zone.NextExpiry);
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_OfSomeRecords_LetsTheOthersEnd()
    {
        DnsRecord other = Records.A(_studio, "192.0.2.1");
        await _server.UpdateAsync([_address, other], lease: new UpdateLeaseOption(3600));
        _server.Advance(TimeSpan.FromSeconds(2880));
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(3600));
        _server.Advance(TimeSpan.FromSeconds(720));
        Assert.Equal([_address], _server.Zone.Current.Find(_studio)!.Records.Select(item => item.Record));
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_ThatAlsoChanges_RaisesTheSerialOnce()
    {
        await _server.UpdateAsync([_address, Records.Txt(_studio, "x")], lease: new UpdateLeaseOption(3600));
        uint serial = _server.Serial;
        await _server.UpdateAsync([_address, Records.Txt(_studio, "x"), Records.Txt(_studio, "y")], lease: new UpdateLeaseOption(3600));
        Assert.Equal(serial + 1, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_WithAShorterLease_EndsSooner()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(7200));
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        _server.Advance(TimeSpan.FromSeconds(1800));
        Assert.Null(_server.Zone.Current.Find(_studio));
        Assert.Null(_server.Zone.NextExpiry);
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_AtItsEndWhileTheStoreFails_IsNotAnsweredAndRemovedLater()
    {
        using var server = new ServerHarness(store: new FailingStore());
        await server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        ((FailingStore)server.Store).Fails = true;
        server.Time.Advance(TimeSpan.FromSeconds(1800));
        await Assert.ThrowsAsync<IOException>(async () => await server.Zone.ExpireAsync(CancellationToken.None));
        Assert.Equal(DnsRcode.NXDomain, (await server.QueryAsync(_studio, DnsType.AAAA)).Rcode);
        ((FailingStore)server.Store).Fails = false;
        server.Advance(s_second);
        Assert.Null(server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_OfOneOfASet_EndsForThatOneAlone()
    {
        await _server.UpdateAsync([_address], lease: new UpdateLeaseOption(1800));
        await _server.UpdateAsync([Records.Aaaa(_studio, "fd00::2")], lease: new UpdateLeaseOption(3600));
        await _server.UpdateAsync([Records.Aaaa(_studio, "fd00::3")]);
        _server.Advance(TimeSpan.FromSeconds(1800));
        Assert.Equal(2, (await _server.QueryAsync(_studio, DnsType.AAAA)).Answers.Count);
        _server.Advance(TimeSpan.FromSeconds(1800));
        Assert.Equal(Records.Aaaa(_studio, "fd00::3"), Assert.Single((await _server.QueryAsync(_studio, DnsType.AAAA)).Answers));
    }

    private DnsRecord Key() => new(_studio, 120, new KeyData(512, 3, 13, new byte[64]));
}
