using System.Net;
using System.Text;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Tests;

/// <summary>Import and export of zone files.</summary>
public sealed class ZoneFileTests
{
    private const string Good = """
        $TTL 1h
        @ SOA old-primary admin 2999010101 3600 600 604800 30
        @ NS old-primary
        @ NS ns.example.org.
        @ MX 10 mail
        old-primary A 192.0.2.1
        mail A 192.0.2.2
        ns A 192.0.2.9
        sub NS ns.sub
        ns.sub AAAA 2001:db8::1
        _dns-update._udp SRV 0 0 1 elsewhere.example.
        """;

    [Fact]
    public async Task Import_GoodFile_ReplacesTheZoneInOneStepAndKeepsWhatHostsNeed()
    {
        using var server = new ServerHarness();
        await server.AddAsync(Records.A(server.Name("gone"), "192.0.2.7"));
        ZoneSnapshot zone = await ImportAsync(server, Good);

        var soa = (SoaData)zone.Soa.Data;
        Assert.Equal((server.Name("ns"), server.Name("admin"), 2999010101u), (soa.PrimaryServer, soa.Mailbox, soa.Serial));
        Assert.Null(zone.Find(server.Name("gone")));
        Assert.Equal(3, zone.FindSet(server.Apex, DnsType.NS).Count);
        Assert.Equal([new MxData(10, server.Name("mail"))], zone.FindSet(server.Apex, DnsType.MX).Select(item => item.Data));
        Assert.Equal([new AData(IPAddress.Parse("192.0.2.53"))], zone.FindSet(server.Name("ns"), DnsType.A).Select(item => item.Data));
        Assert.Equal([new SrvData(0, 0, 53, server.Name("ns"))], zone.FindSet(server.Name("_dns-update._udp"), DnsType.SRV).Select(item => item.Data));

        uint serial = zone.Serial;
        Assert.Equal(serial, (await ImportAsync(server, Good)).Serial);
        Assert.Equal(serial + 1, (await ImportAsync(server, Good.Replace("2999010101", "2999010100", StringComparison.Ordinal) + "\nnew A 192.0.2.3")).Serial);
    }

    [Fact]
    public async Task Import_LeasedRecords_StayWithTheirLease()
    {
        using var server = new ServerHarness();
        DnsRecord studio = Records.Aaaa(server.Name("studio"), "fd00::1");
        DnsRecord laptop = Records.Aaaa(server.Name("laptop"), "fd00::2");
        await server.UpdateAsync([studio, laptop], lease: new Protocol.Dns.Edns.UpdateLeaseOption(3600));
        ZoneSnapshot zone = await ImportAsync(server, Good + "\nstudio 120 AAAA fd00::1");
        Assert.NotNull(Assert.Single(zone.Find(studio.Name)!.Records).LeaseEnd);
        Assert.NotNull(Assert.Single(zone.Find(laptop.Name)!.Records).LeaseEnd);
        server.Advance(TimeSpan.FromHours(1));
        Assert.Null(server.Zone.Current.Find(studio.Name));
    }

    [Theory]
    [InlineData("@ 60 NS ns", "no SOA")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\n@ 60 SOA a c 1 2 3 4 5", "more than one SOA")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\nsub 60 SOA a b 1 2 3 4 5", "SOA record, which belongs")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\nexample.org. 60 A 192.0.2.1", "outside the zone")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\nx 60 CNAME y\nx 60 TXT z", "CNAME record and others")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\nx 60 DNAME y", "DNAME")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\n@ 60 NS ns2", "no address")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\n@ 60 NS ns2\nns2 60 CNAME ns", "is an alias")]
    [InlineData("@ 60 SOA a b 1 2 3 4 5\nsub 60 NS ns.sub", "no address")]
    public async Task Import_ZoneThatOthersWouldNotTake_ChangesNothing(string text, string problem)
    {
        using var server = new ServerHarness();
        ZoneSnapshot before = server.Zone.Current;
        List<DnsRecord> records = await ReadAsync(server.Apex, text);
        var replacement = new ZoneReplacement(records, server.Zone.Discovery);
        Assert.Equal(DnsRcode.Refused, (await server.Zone.ApplyAsync((zone, _) => replacement.Run(zone), CancellationToken.None)).Rcode);
        Assert.Contains(problem, replacement.Problem, StringComparison.Ordinal);
        Assert.Same(before, server.Zone.Current);
    }

    [Fact]
    public async Task Import_GlueOfADelegationBesideIt_IsNotAskedFor()
    {
        using var server = new ServerHarness();
        ZoneSnapshot zone = await ImportAsync(server, Good + "\nother NS ns.far.sub");
        Assert.NotNull(zone.Find(server.Name("other")));
    }

    [Fact]
    public async Task Service_ExportThenImport_ChangesNothing()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account));
        await service.StartAsync();
        ZoneImport first = await service.ImportZoneAsync(account.Domain, new MemoryStream(Encoding.ASCII.GetBytes(Good)));
        Assert.True(first.Added >= 6 && first.Removed == 0, first.ToString());
        using var file = new MemoryStream();
        await service.ExportZoneAsync(account.Domain, file);
        string text = Encoding.ASCII.GetString(file.ToArray());
        Assert.StartsWith($"$ORIGIN {account.Domain}.\n@\t3600\tIN\tSOA\tns.{account.Domain}. admin.{account.Domain}. 2999010101 ", text, StringComparison.Ordinal);
        file.Position = 0;
        Assert.Equal(new ZoneImport(account.Domain, 0, 0, first.Serial), await service.ImportZoneAsync(account.Domain, file));
    }

    [Fact]
    public async Task Service_WrongFileOrZone_SaysSo()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account));
        await service.StartAsync();
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => service.ImportZoneAsync(account.Domain, new MemoryStream("a 60 A x"u8.ToArray())));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
        Assert.Contains("line 1, column 8", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<BtmmException>(() => service.ImportZoneAsync(account.Domain, new MemoryStream("a 60 A 192.0.2.1"u8.ToArray())));
        Assert.Contains("no SOA", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<BtmmException>(() => service.ExportZoneAsync(DnsName.Parse("example.org"), Stream.Null));
        Assert.Equal(BtmmErrorReason.NameNotFound, error.Reason);
    }

    private static async Task<ZoneSnapshot> ImportAsync(ServerHarness server, string text)
    {
        var replacement = new ZoneReplacement(await ReadAsync(server.Apex, text), server.Zone.Discovery);
        DnsRcode rcode = (await server.Zone.ApplyAsync((zone, _) => replacement.Run(zone), CancellationToken.None)).Rcode;
        Assert.True(rcode == DnsRcode.NoError, replacement.Problem);
        return server.Zone.Current;
    }

    private static Task<List<DnsRecord>> ReadAsync(DnsName apex, string text) =>
        ZoneFile.ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes(text)), apex, new(), CancellationToken.None);
}
