using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>BIND's <c>dig</c> against the embedded zone service.</summary>
public sealed class ServerDigTests
{
    private const string Studio = $"studio.{ServerFixture.Domain}";

    public ServerDigTests() => Assert.SkipUnless(Command.Exists("dig") && Command.Exists("nsupdate"), "dig or nsupdate is not installed.");

    [Theory]
    [InlineData("+notcp")]
    [InlineData("+tcp")]
    public async Task Dig_Signed_SeesRecordsAndAGoodSignature(string transport)
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await PublishAsync(server);
        CommandResult dig = await server.DigAsync(true, transport, Studio, "AAAA");
        AssertStatus("NOERROR", dig);
        Assert.Contains("fd12:3456::1", dig.Output, StringComparison.Ordinal);
        Assert.Contains("TSIG PSEUDOSECTION", dig.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Couldn't verify", dig.Output, StringComparison.Ordinal);
        Assert.Contains("flags: qr aa", dig.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_Unsigned_IsRefusedExceptForDiscovery()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await PublishAsync(server);
        AssertStatus("REFUSED", await server.DigAsync(false, Studio, "AAAA"));
        AssertStatus("REFUSED", await server.DigAsync(false, "www.example.com", "A"));
        CommandResult soa = await server.DigAsync(false, ServerFixture.Domain, "SOA");
        AssertStatus("NOERROR", soa);
        CommandResult srv = await server.DigAsync(false, "+short", $"_dns-update._udp.{ServerFixture.Domain}", "SRV");
        Assert.Equal($"0 0 {server.Endpoint.Port} ns.{ServerFixture.Domain}.", srv.Output.Trim());
        CommandResult address = await server.DigAsync(false, "+short", $"ns.{ServerFixture.Domain}", "A");
        Assert.Equal("127.0.0.1", address.Output.Trim());
    }

    [Fact]
    public async Task Dig_NegativeAndOddQuestions_GetTheirCodes()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await PublishAsync(server);
        AssertStatus("NXDOMAIN", await server.DigAsync(true, $"nothing.{ServerFixture.Domain}", "A"));
        AssertStatus("NOERROR", await server.DigAsync(true, Studio, "A"));
        AssertStatus("NOERROR", await server.DigAsync(true, $"_udp.{Studio}", "A"));
        AssertStatus("BADVERS", await server.DigAsync(true, "+edns=1", "+noednsnegotiation", Studio, "AAAA"));
        AssertStatus("REFUSED", await server.DigAsync(true, "-c", "CH", "version.bind", "TXT"));
        CommandResult transfer = await server.DigAsync(true, "+tcp", ServerFixture.Domain, "AXFR");
        Assert.Contains("Transfer failed", transfer.Output, StringComparison.Ordinal);
        AssertStatus("NOTIMP", await server.DigAsync(true, "+opcode=notify", ServerFixture.Domain, "SOA"));
    }

    [Fact]
    public async Task Dig_LongAnswer_FallsBackToTcp()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        string[] lines = [.. Enumerable.Range(0, 120).Select(i => $"update add _autotunnel._udp.{ServerFixture.Domain} 120 PTR _autotunnel._udp.host-{i}.{ServerFixture.Domain}")];
        CommandResult update = await server.NsupdateAsync(server.Account.UpdateKey, tcp: true, lines);
        Assert.True(update.Succeeded, update.Error);
        CommandResult truncated = await server.DigAsync(true, "+ignore", $"_autotunnel._udp.{ServerFixture.Domain}", "PTR");
        Assert.Contains("flags: qr aa tc", truncated.Output, StringComparison.Ordinal);
        CommandResult whole = await server.DigAsync(true, $"_autotunnel._udp.{ServerFixture.Domain}", "PTR");
        Assert.Contains("ANSWER: 120", whole.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Couldn't verify", whole.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_SeveralQuestionsOnOneConnection_AreAllAnswered()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await PublishAsync(server);
        CommandResult dig = await server.DigAsync(true, "+tcp", "+keepopen", Studio, "AAAA", ServerFixture.Domain, "SOA", ServerFixture.Domain, "NS");
        Assert.True(dig.Succeeded, dig.Output);
        Assert.Equal(3, dig.Output.Split("status: NOERROR").Length - 1);
    }

    [Fact]
    public async Task Dig_WrongKeys_AreToldApart()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        using var wrongSecret = new TsigKey(server.Account.UpdateKey.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        using var wrongName = new TsigKey(DnsName.Parse("nobody.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        CommandResult secret = await server.DigWithAsync(wrongSecret, Studio, "AAAA");
        AssertStatus("NOTAUTH", secret);
        Assert.Contains("BADSIG", secret.Output, StringComparison.Ordinal);
        CommandResult name = await server.DigWithAsync(wrongName, Studio, "AAAA");
        AssertStatus("NOTAUTH", name);
        Assert.Contains("BADKEY", name.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_WrongClock_IsBadTime()
    {
        await using ServerFixture server = await ServerFixture.StartAsync(new ServerShiftedTime(TimeSpan.FromHours(1)));
        CommandResult dig = await server.DigAsync(true, Studio, "AAAA");
        AssertStatus("NOTAUTH", dig);
        Assert.Contains("BADTIME", dig.Output, StringComparison.Ordinal);
    }

    private static async Task PublishAsync(ServerFixture server)
    {
        CommandResult update = await server.NsupdateAsync(
            server.Account.UpdateKey,
            tcp: false,
            $"update add {Studio} 120 AAAA fd12:3456::1",
            $"update add _autotunnel._udp.{Studio} 120 SRV 0 0 40500 AutoTunnel-00-22-69-FF-FE-8E-34-2A.{ServerFixture.Domain}");
        Assert.True(update.Succeeded, update.Error);
    }

    private static void AssertStatus(string status, CommandResult dig) =>
        Assert.True(dig.Output.Contains($"status: {status},", StringComparison.Ordinal), dig.Output + dig.Error);
}
