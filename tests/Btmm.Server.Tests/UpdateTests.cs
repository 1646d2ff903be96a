using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>UPDATE as RFC 2136 §3 has it, through the whole request path.</summary>
public sealed class UpdateTests : IDisposable
{
    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;
    private readonly DnsRecord _address;

    public UpdateTests()
    {
        _studio = _server.Name("studio");
        _address = Records.Aaaa(_studio, "fd00::1");
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "2136§3.1.1")]
    public async Task ZoneSection_NotOneSoa_IsFormErr()
    {
        DnsMessage good = ServerHarness.Update(_server.Apex, [_address]);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(good with { Questions = [] }, _server.Key)).Rcode);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(good with { Questions = [good.Questions[0], good.Questions[0]] }, _server.Key)).Rcode);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(good with { Questions = [new DnsQuestion(_server.Apex, DnsType.A)] }, _server.Key)).Rcode);
    }

    [Theory]
    [Trait("rfc", "2136§3.1.1")]
    [InlineData("bob.members.example.net")]
    [InlineData("studio.alice.members.example.net")]
    [InlineData("members.example.net")]
    [InlineData(".")]
    public async Task ZoneSection_NotOurZone_IsNotAuth(string zone)
    {
        DnsMessage reply = await _server.AskAsync(ServerHarness.Update(DnsName.Parse(zone), [_address]), _server.Key);
        Assert.Equal(DnsRcode.NotAuth, reply.Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.1.1")]
    public async Task ZoneSection_OtherClass_IsNotAuth()
    {
        DnsMessage update = ServerHarness.Update(_server.Apex, [_address]) with { Questions = [new DnsQuestion(_server.Apex, DnsType.SOA, DnsClass.CH)] };
        Assert.Equal(DnsRcode.NotAuth, (await _server.AskAsync(update, _server.Key)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.3")]
    public async Task Update_Unsigned_IsRefused()
    {
        Assert.Equal(DnsRcode.Refused, (await _server.AskAsync(ServerHarness.Update(_server.Apex, [_address]), null)).Rcode);
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_NewRecord_IsThereAndRaisesTheSerialByOne()
    {
        uint before = _server.Serial;
        DnsMessage reply = await _server.UpdateAsync([_address]);
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(DnsOpcode.Update, reply.Opcode);
        Assert.Equal(before + 1, _server.Serial);
        Assert.Equal(_address, Assert.Single((await _server.QueryAsync(_studio, DnsType.AAAA)).Answers));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_Duplicate_ChangesNothingAndKeepsTheSerial()
    {
        await _server.AddAsync(_address);
        uint before = _server.Serial;
        await _server.AddAsync(_address);
        Assert.Equal(before, _server.Serial);
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.AAAA));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_SameDataOtherTtl_ReplacesTheTtlOfTheSet()
    {
        await _server.AddAsync(_address, Records.Aaaa(_studio, "fd00::2"));
        uint before = _server.Serial;
        await _server.AddAsync(_address with { Ttl = 60 });
        Assert.Equal(before + 1, _server.Serial);
        Assert.All(_server.Zone.Current.FindSet(_studio, DnsType.AAAA), record => Assert.Equal(60u, record.Ttl));
    }

    [Fact]
    [Trait("rfc", "2136§3.6")]
    public async Task DeleteAndAddTheSame_InOneUpdate_KeepsTheSerial()
    {
        await _server.AddAsync(_address);
        uint before = _server.Serial;
        await _server.AddAsync(Records.DeleteSet(_studio, DnsType.AAAA), _address);
        Assert.Equal(before, _server.Serial);
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.AAAA));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_CnameBesideOtherData_IsIgnoredBothWays()
    {
        await _server.AddAsync(_address, Records.Cname(_studio, _server.Apex));
        Assert.Empty(_server.Zone.Current.FindSet(_studio, DnsType.CNAME));
        DnsName alias = _server.Name("alias");
        await _server.AddAsync(Records.Cname(alias, _studio), Records.A(alias, "192.0.2.1"), Records.Cname(alias, _server.Apex));
        Assert.Empty(_server.Zone.Current.FindSet(alias, DnsType.A));
        Assert.Equal(new CnameData(_server.Apex), Assert.Single(_server.Zone.Current.FindSet(alias, DnsType.CNAME)).Data);
    }

    [Fact]
    [Trait("rfc", "2136§2.5.2")]
    [Trait("rfc", "2136§3.4.2.3")]
    public async Task DeleteSet_OneType_LeavesTheOthers()
    {
        await _server.AddAsync(_address, Records.Txt(_studio, "model=x"));
        await _server.AddAsync(Records.DeleteSet(_studio, DnsType.AAAA));
        Assert.Empty(_server.Zone.Current.FindSet(_studio, DnsType.AAAA));
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.TXT));
    }

    [Fact]
    [Trait("rfc", "2136§2.5.3")]
    [Trait("rfc", "2136§3.4.2.3")]
    public async Task DeleteName_AtTheApex_SparesSoaAndNs()
    {
        await _server.AddAsync(Records.Txt(_server.Apex, "x"));
        await _server.AddAsync(Records.DeleteName(_server.Apex));
        Assert.Empty(_server.Zone.Current.FindSet(_server.Apex, DnsType.TXT));
        Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.SOA));
        Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS));
        await _server.AddAsync(Records.DeleteSet(_server.Apex, DnsType.NS), Records.DeleteSet(_server.Apex, DnsType.SOA));
        Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.SOA));
        Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.4")]
    public async Task DeleteOne_LastNsOrSoa_IsIgnored()
    {
        DnsRecord ns = Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS));
        DnsRecord other = Records.Ns(_server.Apex, DnsName.Parse("ns2.example.org"));
        await _server.AddAsync(Records.Delete(ns), Records.Delete(_server.Zone.Current.Soa));
        Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS));
        await _server.AddAsync(other, Records.Delete(ns));
        Assert.Equal(other.Data, Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS)).Data);
    }

    [Fact]
    [Trait("rfc", "2136§2.5.4")]
    [Trait("rfc", "2136§3.4.2.4")]
    public async Task DeleteOne_ByData_LeavesTheOthers()
    {
        DnsRecord other = Records.Aaaa(_studio, "fd00::2");
        await _server.AddAsync(_address, other);
        await _server.AddAsync(Records.Delete(_address), Records.Delete(Records.Aaaa(_studio, "fd00::9")));
        Assert.Equal(other, Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.AAAA)));
    }

    [Fact]
    [Trait("rfc", "2136§3.6")]
    public async Task AddSoa_OnlyWithALaterSerial_IsTaken()
    {
        var soa = (SoaData)_server.Zone.Current.Soa.Data;
        foreach (uint serial in new[] { 0u, soa.Serial, soa.Serial - 1, soa.Serial + 0x8000_0000, soa.Serial + 0x8000_0001 })
        {
            await _server.AddAsync(_server.Zone.Current.Soa with { Data = soa with { Serial = serial } });
            Assert.Equal(soa.Serial, _server.Serial);
        }

        await _server.AddAsync(_server.Zone.Current.Soa with { Data = soa with { Serial = soa.Serial + 100, Refresh = 77 } }, _address);
        Assert.Equal(soa.Serial + 100, _server.Serial);
        Assert.Equal(77u, ((SoaData)_server.Zone.Current.Soa.Data).Refresh);
        await _server.AddAsync(new DnsRecord(_studio, 120, soa with { Serial = soa.Serial + 200 }));
        Assert.Empty(_server.Zone.Current.FindSet(_studio, DnsType.SOA));
    }

    [Fact]
    [Trait("rfc", "2136§7.11")]
    public async Task Serial_AfterItsLargestValue_SkipsZero()
    {
        var soa = (SoaData)_server.Zone.Current.Soa.Data;
        uint halfway = unchecked(soa.Serial + 0x7FFF_FFFF);
        await _server.AddAsync(_server.Zone.Current.Soa with { Data = soa with { Serial = halfway } });
        await _server.AddAsync(_server.Zone.Current.Soa with { Data = soa with { Serial = uint.MaxValue } });
        Assert.Equal(uint.MaxValue, _server.Serial);
        await _server.AddAsync(_address);
        Assert.Equal(1u, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "2136§3.4.1")]
    public async Task Prescan_OneBadRecord_ChangesNothing()
    {
        DnsName outside = DnsName.Parse("studio.bob.members.example.net");
        (DnsRecord Bad, DnsRcode Rcode)[] cases =
        [
            (Records.A(outside, "192.0.2.1"), DnsRcode.NotZone),
            (Records.DeleteName(outside), DnsRcode.NotZone),
            (_address with { Class = DnsClass.CH }, DnsRcode.FormErr),
            (Records.DeleteSet(_studio, DnsType.AAAA) with { Ttl = 1 }, DnsRcode.FormErr),
            (_address with { Class = DnsClass.ANY, Ttl = 0 }, DnsRcode.FormErr),
            (Records.Delete(_address) with { Ttl = 1 }, DnsRcode.FormErr),
            (Records.DeleteSet(_studio, DnsType.AXFR), DnsRcode.FormErr),
            (Records.Empty(_studio, DnsType.ANY, DnsClass.NONE), DnsRcode.FormErr),
            (Records.Empty(_studio, DnsType.MAILB, DnsClass.NONE), DnsRcode.FormErr),
            (new DnsRecord(_studio, DnsType.ANY, DnsClass.IN, 60, new UnknownData(DnsType.ANY, new byte[] { 1 })), DnsRcode.FormErr),
            (new DnsRecord(_studio, DnsType.AXFR, DnsClass.IN, 60, new UnknownData(DnsType.AXFR, new byte[] { 1 })), DnsRcode.FormErr),
        ];
        foreach ((DnsRecord bad, DnsRcode rcode) in cases)
        {
            DnsMessage reply = await _server.UpdateAsync([_address, bad]);
            Assert.True(rcode == reply.Rcode, $"{bad}: {reply.Rcode}");
            Assert.Null(_server.Zone.Current.Find(_studio));
        }
    }

    [Fact]
    [Trait("rfc", "3597§3")]
    public async Task Add_UnknownType_IsKeptAsItIs()
    {
        var record = new DnsRecord(_studio, (DnsType)65400, DnsClass.IN, 60, new UnknownData((DnsType)65400, new byte[] { 1, 2, 3 }));
        await _server.AddAsync(record);
        Assert.Equal(record, Assert.Single((await _server.QueryAsync(_studio, (DnsType)65400)).Answers));
    }

    [Fact]
    [Trait("rfc", "2136§3.3")]
    public async Task Update_OfTheServicesOwnNames_IsRefused()
    {
        foreach (string name in new[] { "ns", "_dns-update._udp", "_dns-llq._udp", "_dns-push-tls._tcp" })
        {
            DnsMessage reply = await _server.UpdateAsync([Records.A(_server.Name(name), "192.0.2.66"), _address]);
            Assert.Equal(DnsRcode.Refused, reply.Rcode);
            Assert.Null(_server.Zone.Current.Find(_studio));
        }
    }

    [Fact]
    [Trait("rfc", "2136§3.3")]
    public async Task Update_OutsideTheKeysScope_IsRefused()
    {
        var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(narrow, _studio)]);
        DnsName other = server.Name("laptop");
        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([_address, Records.Txt(_studio.Prepend("x"), "y")], key: narrow)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync([Records.A(other, "192.0.2.1")], key: narrow)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync([Records.DeleteName(server.Apex)], key: narrow)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await server.AskAsync(ServerHarness.Query(other, DnsType.A), narrow)).Rcode);
        Assert.Equal(DnsRcode.NoError, (await server.AskAsync(ServerHarness.Query(_studio, DnsType.AAAA), narrow)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§5.1")]
    public async Task Update_SameDatagramTwice_IsAnsweredAgainButNotAppliedAgain()
    {
        byte[] buffer = new byte[2048];
        DnsMessage add = ServerHarness.Update(_server.Apex, [_address]);
        Assert.True(add.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(_server.Key);
        Assert.True(tsig.TrySignRequest(buffer, length, _server.Time.GetUtcNow(), out length));
        Assert.NotNull(await _server.SendAsync(buffer[..length]));
        await _server.AddAsync(Records.DeleteName(_studio));

        byte[]? again = await _server.SendAsync(buffer[..length]);
        Assert.True(DnsMessage.TryParse(again, out DnsMessage? reply));
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    public async Task Add_TooManyRecordsAtOneName_IsRefusedAsAWhole()
    {
        for (int part = 0; part < 4; part++)
            await _server.AddAsync([.. Enumerable.Range(part * 256, 256).Select(i => Records.Txt(_studio, $"{i}"))]);
        uint before = _server.Serial;
        DnsMessage reply = await _server.UpdateAsync([Records.A(_server.Name("x"), "192.0.2.1"), Records.Txt(_studio, "one more")]);
        Assert.Equal(DnsRcode.Refused, reply.Rcode);
        Assert.Equal(before, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.1")]
    public async Task Store_Fails_IsServFailAndNothingIsSeen()
    {
        using var server = new ServerHarness(store: new FailingStore());
        ((FailingStore)server.Store).Fails = true;
        uint before = server.Serial;
        Assert.Equal(DnsRcode.ServFail, (await server.UpdateAsync([_address])).Rcode);
        Assert.Equal(before, server.Serial);
        Assert.Null(server.Zone.Current.Find(_studio));
        ((FailingStore)server.Store).Fails = false;
        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([_address])).Rcode);
    }
}
