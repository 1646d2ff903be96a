using System.Globalization;
using System.Net;
using Btmm.Platform.Sockets;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>BIND's <c>dig</c> and DNS-OARC's <c>dnsperf</c> against the service's UDP sockets in a public zone.</summary>
public sealed class ServerUdpTests
{
    private const string Domain = ServerFixture.Domain;

    public ServerUdpTests() => Assert.SkipUnless(Command.Exists("dig") && Command.Exists("nsupdate"), "dig or nsupdate is not installed.");

    // dig takes an answer only from the address that it asked.
    [Fact]
    public async Task Dig_OfAServerAtAllAddresses_IsAnsweredFromTheOneItAsked()
    {
        await using ServerFixture server = await StartAsync(workers: 2, new IPEndPoint(IPAddress.Any, 0), new IPEndPoint(IPAddress.IPv6Any, 0));
        foreach (IPEndPoint endpoint in server.Service.Endpoints)
        {
            string[] asked = endpoint.Address.Equals(IPAddress.Any) ? ["127.0.0.1", "127.0.0.77", "127.8.8.8"] : ["::1"];
            foreach (string address in asked)
            {
                CommandResult dig = await Command.RunAsync("dig", ["@" + address, "-p", $"{endpoint.Port}", "+norecurse", "+time=5", "+tries=2", "+notcp", Domain, "SOA"]);
                AssertStatus("NOERROR", dig);
                Assert.Contains($"SERVER: {address}#", dig.Output, StringComparison.Ordinal);
                Assert.DoesNotContain("unexpected source", dig.Output + dig.Error, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Dig_OfAPublicZone_SeesReferralsAliasesWildcardsAndNoRecursion()
    {
        await using ServerFixture server = await StartAsync(workers: 1, new IPEndPoint(IPAddress.Loopback, 0));
        CommandResult update = await server.NsupdateAsync(
            server.Account.UpdateKey,
            tcp: false,
            $"update add sub.{Domain} 60 NS ns1.sub.{Domain}",
            $"update add ns1.sub.{Domain} 60 A 192.0.2.8",
            $"update add studio.{Domain} 60 AAAA fd12:3456::1",
            $"update add alias.{Domain} 60 CNAME studio.{Domain}",
            $"update add *.wild.{Domain} 60 TXT \"x\"",
            $"update add a.b.c.{Domain} 60 TXT \"x\"");
        Assert.True(update.Succeeded, update.Error);

        CommandResult referral = await server.DigAsync(false, "+recurse", $"x.sub.{Domain}", "A");
        AssertStatus("NOERROR", referral);
        Assert.Contains("flags: qr rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2", referral.Output, StringComparison.Ordinal);
        Assert.Contains("192.0.2.8", referral.Output, StringComparison.Ordinal);
        Assert.Contains("recursion requested but not available", referral.Output, StringComparison.Ordinal);
        Assert.Equal($"studio.{Domain}.\nfd12:3456::1\n", (await server.DigAsync(false, "+short", $"alias.{Domain}", "AAAA")).Output);
        Assert.Equal("\"x\"\n", (await server.DigAsync(false, "+short", $"any.thing.wild.{Domain}", "TXT")).Output);
        AssertStatus("NOERROR", await server.DigAsync(false, $"b.c.{Domain}", "A"));
        AssertStatus("NXDOMAIN", await server.DigAsync(false, $"nothing.c.{Domain}", "A"));
        Assert.Contains("ANSWER: 1,", (await server.DigAsync(false, "+notcp", $"studio.{Domain}", "ANY")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dnsperf_QueriesAndSignedUpdates_AreAllAnswered()
    {
        Assert.SkipUnless(Command.Exists("dnsperf"), "dnsperf is not installed.");
        await using ServerFixture server = await StartAsync(workers: 2, new IPEndPoint(IPAddress.Loopback, 0));
        string updates = server.WriteFile([.. Enumerable.Range(0, 500).SelectMany(static i => new[] { Domain, $"add h{i} 60 A 192.0.2.{i % 250}", "send" })]);
        string queries = server.WriteFile([.. Enumerable.Range(0, 500).Select(static i => $"h{i}.{Domain} A")]);
        CommandResult updated = await server.DnsperfAsync("-u", "-d", updates, "-n", "2", "-c", "4", "-y", $"hmac-sha256:{server.UpdateSecret}");
        Assert.Contains("NOERROR 1000 (100.00%)", updated.Output, StringComparison.Ordinal);
        CommandResult asked = await server.DnsperfAsync("-d", queries, "-n", "20", "-c", "8");
        Assert.Contains("NOERROR 10000 (100.00%)", asked.Output, StringComparison.Ordinal);

        ZoneServiceStatus status = server.Service.GetStatus();
        Assert.True(status.Counters.Queries >= 10_000);
        Assert.True(status.Latency["Query"].Count >= 9_000 && status.Latency["Update"].Count >= 1000);
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"query p99 {status.Latency["Query"].P99.TotalMilliseconds:F3} ms, update p99 {status.Latency["Update"].P99.TotalMilliseconds:F3} ms"));
    }

    private static Task<ServerFixture> StartAsync(int workers, params IPEndPoint[] endpoints) => ServerFixture.StartAsync(change: options => options with
    {
        Endpoints = endpoints,
        Zones = [options.Zones[0] with { IsPublic = true }],
        PublicAddresses = [IPAddress.Loopback],
        DatagramServers = DatagramServerFactory.Instance,
        UdpWorkers = workers,
        RateLimit = null,
    });

    private static void AssertStatus(string status, CommandResult dig) =>
        Assert.True(dig.Output.Contains($"status: {status},", StringComparison.Ordinal), dig.Output + dig.Error);
}
