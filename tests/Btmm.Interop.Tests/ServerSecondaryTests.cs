using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Btmm.Core.Administration;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;
using Btmm.Protocol.Dns.Zone;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>BIND and Knot as secondaries of the embedded zone service.</summary>
public sealed partial class ServerSecondaryTests
{
    private const int Updates = 1000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly DnsName s_zone = DnsName.Parse(ServerFixture.Domain);

    [Theory]
    [InlineData("named")]
    [InlineData("knotd")]
    public async Task Secondary_OfAThousandUpdates_FollowsByIxfrAndEndsEqual(string program)
    {
        Assert.SkipUnless(Command.Exists(program) && Command.Exists("dig"), $"{program} or dig is not installed.");
        using var key = new TsigKey(DnsName.Parse("transfer-key"), TsigAlgorithm.HmacSha256, new byte[32]);
        int port = FreePort.Take();
        await using ServerFixture primary = await ServerFixture.StartAsync(change: options => options with
        {
            Zones = [options.Zones[0] with
            {
                Keys = [.. options.Zones[0].Keys, new ZoneKey(key, s_zone) { Access = ZoneAccess.Transfer }],
                Secondaries = [new ZoneSecondary(new IPEndPoint(IPAddress.Loopback, port), key.Name)],
            }],
        });
        // Large enough that a secondary that falls behind does not get it anew (RFC 1995 §5).
        string text = ServerZoneText.EveryType + "\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"static-{i} A 192.0.2.{i % 250}\n"));
        await primary.Service.ImportZoneAsync(s_zone, new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));
        await using SecondaryServer secondary = await SecondaryServer.StartAsync(program, port, primary, key);
        ZoneServiceCounters before = primary.Service.GetStatus().Counters;
        Assert.True(before.FullTransfers >= 1, before.ToString());

        for (int done = 0; done < Updates; done += Updates / 10)
        {
            await UpdateAsync(primary, done, Updates / 10);
            await secondary.FollowAsync(primary, s_patience);
        }

        ZoneServiceCounters after = primary.Service.GetStatus().Counters;
        Assert.Equal(before.FullTransfers, after.FullTransfers);
        Assert.True(after.IncrementalTransfers >= before.IncrementalTransfers + 10, after.ToString());
        Assert.Matches(program == "named" ? "got incremental response" : "IXFR, incoming.*finished", secondary.Log);
        HashSet<DnsRecord> ours = Records((await primary.DigWithAsync(key, "+tcp", "+noall", "+answer", ServerFixture.Domain, "AXFR")).Require());
        HashSet<DnsRecord> theirs = Records(secondary.Dig("+tcp", "+noall", "+answer", ServerFixture.Domain, "AXFR"));
        Assert.Equal(primary.Service.GetStatus().Zones[0].Records, ours.Count);
        Assert.Equal(ours, theirs);
        TestContext.Current.SendDiagnosticMessage(
            "{0}: {1} updates came in {2} incremental transfers and {3} notifications", program, Updates, after.IncrementalTransfers - before.IncrementalTransfers, after.NotifiesSent);
    }

    [Fact]
    public async Task Dig_AxfrAndIxfr_AreCompleteAndSigned()
    {
        Assert.SkipUnless(Command.Exists("dig"), "dig is not installed.");
        using var key = new TsigKey(DnsName.Parse("transfer-key"), TsigAlgorithm.HmacSha512, new byte[64]);
        await using ServerFixture primary = await ServerFixture.StartAsync(change: options => options with
        {
            TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Zones = [options.Zones[0] with { Keys = [.. options.Zones[0].Keys, new ZoneKey(key, s_zone) { Access = ZoneAccess.Transfer }] }],
        });
        await primary.Service.ImportZoneAsync(s_zone, new MemoryStream(System.Text.Encoding.UTF8.GetBytes(ServerZoneText.EveryType)));
        await UpdateAsync(primary, 0, 600);

        CommandResult whole = await primary.DigWithAsync(key, "+tcp", ServerFixture.Domain, "AXFR");
        Match size = XfrSize().Match(whole.Output);
        Assert.True(size.Success && int.Parse(size.Groups[2].Value, CultureInfo.InvariantCulture) > 1, whole.Output);
        Assert.DoesNotContain("ouldn't verify", whole.Output, StringComparison.Ordinal);
        string[] tls = ["-p", $"{primary.Service.TlsEndpoints[0].Port}", "+tls", $"+tls-ca={primary.AuthorityFile()}", $"+tls-hostname=ns.{ServerFixture.Domain}"];
        CommandResult encrypted = await primary.DigWithAsync(key, [.. tls, ServerFixture.Domain, "AXFR"]);
        Assert.Equal(size.Groups[1].Value, XfrSize().Match(encrypted.Output).Groups[1].Value);
        CommandResult steps = await primary.DigWithAsync(key, "+tcp", ServerFixture.Domain, $"IXFR={primary.Serial - 3}");
        Assert.Equal(8, CountSoas(steps));
        CommandResult datagram = await primary.DigWithAsync(key, "+notcp", ServerFixture.Domain, $"IXFR={primary.Serial - 1}");
        Assert.Equal(4, CountSoas(datagram));
        CommandResult refused = await primary.DigAsync(true, "+tcp", ServerFixture.Domain, "AXFR");
        Assert.Contains("Transfer failed", refused.Output, StringComparison.Ordinal);
    }

    // Hosts that come, change and go, as they do.
    private static async Task UpdateAsync(ServerFixture primary, int from, int count)
    {
        var client = new DnsUpdateClient(new DnsClient(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System));
        for (int i = from; i < from + count; i++)
        {
            DnsName name = s_zone.PrependLabels($"host-{i % 800}");
            var update = new DnsUpdateBuilder(s_zone);
            if (i % 10 == 9)
                update.DeleteName(s_zone.PrependLabels($"host-{(i - 5) % 800}"));
            else
                update.Replace(name, 60, new AData(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]))).Replace(name, 60 + (uint)(i % 3), new TxtData($"update {i}"));
            await client.UpdateAsync(update, [primary.Endpoint], primary.Account.UpdateKey, lease: null);
        }
    }

    // Compared as records: in names case does not count, and Knot keeps lower case.
    private static HashSet<DnsRecord> Records(string answer)
    {
        var parser = new ZoneFileParser(s_zone);
        string text = string.Join('\n', answer.Split('\n').Where(static line => !Signature().IsMatch(line)));
        Assert.True(parser.Feed(System.Text.Encoding.UTF8.GetBytes(text)) && parser.Complete(), parser.Error?.ToString());
        HashSet<DnsRecord> records = [];
        while (parser.TryTake(out DnsRecord? record))
            records.Add(record);
        return records;
    }

    private static int CountSoas(CommandResult dig) => Soa().Count(dig.Output);

    [GeneratedRegex(@"XFR size: (\d+) records \(messages (\d+),")]
    private static partial Regex XfrSize();

    [GeneratedRegex(@"\sANY\s+TSIG\s")]
    private static partial Regex Signature();

    [GeneratedRegex(@"(?m)^[^;].*\sSOA\s")]
    private static partial Regex Soa();
}
