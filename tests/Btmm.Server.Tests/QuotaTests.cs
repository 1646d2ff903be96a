using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

public sealed class QuotaTests
{
    private static readonly TsigKey s_other = new(DnsName.Parse("other.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);

    [Fact]
    public async Task Update_BeyondTheZonesRate_IsRefusedUntilTimeHasPassed()
    {
        using var server = new ServerHarness(quota: new ZoneQuota { UpdatesPerMinute = 3 });
        for (int i = 0; i < 3; i++)
            Assert.Equal(DnsRcode.NoError, await AddAsync(server, $"host{i}"));
        Assert.Equal(DnsRcode.Refused, await AddAsync(server, "late"));
        Assert.Null(server.Zone.Current.Find(server.Name("late")));

        server.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(DnsRcode.NoError, await AddAsync(server, "late"));
        Assert.Equal(DnsRcode.Refused, await AddAsync(server, "later"));
        Assert.Equal(2, server.Zone.Budget.Refused);
        Assert.Equal(2, server.Metrics.Snapshot().UpdatesOverQuota);
    }

    [Fact]
    public async Task Update_BeyondAKeysRate_LeavesTheOtherKeysTheirs()
    {
        using var server = new ServerHarness(extraKeys: [new ZoneKey(s_other, TestZones.Alice) { UpdatesPerMinute = 2 }], quota: new ZoneQuota { UpdatesPerMinute = 10 });
        for (int i = 0; i < 50; i++)
            Assert.Equal(i < 2 ? DnsRcode.NoError : DnsRcode.Refused, await AddAsync(server, $"flood{i}", s_other));
        for (int i = 0; i < 8; i++)
            Assert.Equal(DnsRcode.NoError, await AddAsync(server, $"host{i}"));
        Assert.Equal(0, server.Zone.Budget.Refused);
    }

    [Fact]
    public async Task Update_WithAKeyThatMayNotChangeTheZone_CostsItNothing()
    {
        using var server = new ServerHarness(
            extraKeys: [new ZoneKey(s_other, TestZones.Alice) { Access = ZoneAccess.Read }], quota: new ZoneQuota { UpdatesPerMinute = 1 });
        Assert.Equal(DnsRcode.Refused, await AddAsync(server, "x", s_other));
        Assert.Equal(DnsRcode.NoError, await AddAsync(server, "x"));
    }

    [Fact]
    public async Task Update_BeyondTheZonesRecords_IsRefusedAsAWholeAndCounted()
    {
        using var server = new ServerHarness(quota: new ZoneQuota { MaxRecords = 16, MaxRecordsPerName = 2 });
        int free = 16 - server.Zone.Current.RecordCount;
        DnsRecord[] all = [.. Enumerable.Range(0, free + 1).Select(i => Records.A(server.Name($"h{i}"), "192.0.2.1"))];
        Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync(all)).Rcode);
        Assert.Null(server.Zone.Current.Find(server.Name("h0")));
        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync(all[..^1])).Rcode);
        Assert.Equal(1, server.Zone.Budget.Refused);
        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([Records.DeleteName(server.Name("h0")), all[^1]])).Rcode);
    }

    [Fact]
    public async Task Update_BeyondTheRecordsOfOneName_IsRefused()
    {
        using var server = new ServerHarness(quota: new ZoneQuota { MaxRecordsPerName = 2 });
        DnsName name = server.Name("x");
        await server.AddAsync(Records.A(name, "192.0.2.1"), Records.A(name, "192.0.2.2"));
        Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync([Records.A(name, "192.0.2.3")])).Rcode);
    }

    [Fact]
    public async Task Key_WithSeveralGrants_MayDoWhatAnyOfThemSays()
    {
        using var server = new ServerHarness(extraKeys:
        [
            new ZoneKey(s_other, TestZones.Alice) { Access = ZoneAccess.Read },
            new ZoneKey(s_other, TestZones.Alice.Prepend("studio")),
            new ZoneKey(s_other, TestZones.Alice.Prepend("laptop")) { Access = ZoneAccess.Change },
        ]);
        Assert.Equal(DnsRcode.NoError, await AddAsync(server, "studio", s_other));
        Assert.Equal(DnsRcode.NoError, await AddAsync(server, "laptop", s_other));
        Assert.Equal(DnsRcode.Refused, await AddAsync(server, "third", s_other));
        Assert.Equal(DnsRcode.NXDomain, (await server.AskAsync(ServerHarness.Query(server.Name("third"), DnsType.A), s_other)).Rcode);
        Assert.False(Requests.AccessPolicy.MayTransfer(server.Zone, s_other));
    }

    private static async Task<DnsRcode> AddAsync(ServerHarness server, string name, TsigKey? key = null) =>
        (await server.UpdateAsync([Records.A(server.Name(name), "192.0.2.1")], key: key)).Rcode;
}
