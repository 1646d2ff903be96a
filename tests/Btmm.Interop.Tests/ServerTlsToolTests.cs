using System.Net;
using Btmm.Core.SignOn;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Other people's clients by TLS against our zone service: kdig, dig and openssl s_client.</summary>
public sealed class ServerTlsToolTests
{
    private const string ServerName = "ns." + ServerFixture.Domain;

    [Theory]
    [Trait("rfc", "8310§5")]
    [InlineData("kdig")]
    [InlineData("dig")]
    public async Task Client_WithTheAuthority_VerifiesTheServerAndIsAnswered(string tool)
    {
        await using ServerFixture server = await StartAsync(tool);
        CommandResult soa = await AskAsync(server, tool, server.AuthorityFile(), ServerName, ServerFixture.Domain, "SOA");
        Assert.True(soa.Output.Contains("status: NOERROR", StringComparison.Ordinal), soa.Output + soa.Error);
        Assert.Contains($"hostmaster.{ServerFixture.Domain}.", soa.Output, StringComparison.Ordinal);
        CommandResult push = await AskAsync(server, tool, server.AuthorityFile(), ServerName, "+short", $"_dns-push-tls._tcp.{ServerFixture.Domain}", "SRV");
        Assert.Contains($"0 0 {server.Service.TlsEndpoints[0].Port} {ServerName}.", push.Output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("rfc", "8310§5")]
    [InlineData("kdig")]
    [InlineData("dig")]
    public async Task Client_WithAnotherAuthorityOrName_DoesNotAsk(string tool)
    {
        await using ServerFixture server = await StartAsync(tool);
        using var other = AccountAuthority.Create();
        CommandResult stranger = await AskAsync(server, tool, server.FileOf(other.ExportCertificatePem()), ServerName, ServerFixture.Domain, "SOA");
        Assert.DoesNotContain("status: NOERROR", stranger.Output, StringComparison.Ordinal);
        CommandResult misnamed = await AskAsync(server, tool, server.AuthorityFile(), "ns.example.org", ServerFixture.Domain, "SOA");
        Assert.DoesNotContain("status: NOERROR", misnamed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_SignedQuestionsOnOneConnection_AreAllAnswered()
    {
        await using ServerFixture server = await StartAsync("dig");
        string[] tls = ["+tls", $"+tls-ca={server.AuthorityFile()}", $"+tls-hostname={ServerName}", "+keepopen", "-p", $"{server.Service.TlsEndpoints[0].Port}"];
        CommandResult dig = await server.DigAsync(true, [.. tls, ServerFixture.Domain, "SOA", ServerFixture.Domain, "NS", ServerName, "A"]);
        Assert.True(dig.Output.Split("status: NOERROR").Length - 1 == 3, dig.Output + dig.Error);
        Assert.DoesNotContain("Couldn't verify", dig.Output, StringComparison.Ordinal);
        Assert.Contains("(TLS)", dig.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("rfc", "7766§6.2.1.1")]
    public async Task Mdig_ManyQuestionsAtOnce_AreAllAnswered()
    {
        await using ServerFixture server = await StartAsync("mdig");
        string[] questions = [.. Enumerable.Range(0, 200).SelectMany(_ => new[] { "-t", "SOA", ServerFixture.Domain })];
        CommandResult mdig = await Command.RunAsync("mdig", ["@127.0.0.1", "-p", $"{server.Endpoint.Port}", "+vc", "+continue", .. questions]);
        Assert.Equal(200, mdig.Output.Split("status: NOERROR").Length - 1);
    }

    [Theory]
    [Trait("rfc", "7766§6.2.1.1")]
    [InlineData("tcp")]
    [InlineData("dot")]
    public async Task Dnsperf_ManyQuestionsOnAFewConnections_LosesNone(string mode)
    {
        await using ServerFixture server = await StartAsync("dnsperf");
        string questions = server.FileOf(string.Concat(Enumerable.Repeat($"{ServerFixture.Domain} SOA\n{ServerName} A\n", 10_000)));
        int port = mode == "dot" ? server.Service.TlsEndpoints[0].Port : server.Endpoint.Port;
        CommandResult dnsperf = await Command.RunAsync("dnsperf", ["-s", "127.0.0.1", "-p", $"{port}", "-m", mode, "-d", questions, "-n", "1", "-c", "8", "-q", "400"]);
        Assert.True(dnsperf.Output.Contains("Queries completed:    20000 (100.00%)", StringComparison.Ordinal), dnsperf.Output + dnsperf.Error);
        TestContext.Current.TestOutputHelper?.WriteLine(dnsperf.Output);
    }

    [Fact]
    [Trait("rfc", "7828§3.3.2")]
    public async Task Dig_ThatAsksForKeepalive_IsToldTheTime()
    {
        await using ServerFixture server = await StartAsync("dig");
        CommandResult dig = await server.DigAsync(false, "+tcp", "+keepalive", ServerFixture.Domain, "SOA");
        Assert.True(dig.Output.Contains("TCP KEEPALIVE: 30.0 secs", StringComparison.OrdinalIgnoreCase), dig.Output);
        CommandResult udp = await server.DigAsync(false, "+keepalive", ServerFixture.Domain, "SOA");
        Assert.DoesNotContain("TCP KEEPALIVE", udp.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [Trait("rfc", "7858§3.2")]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task OpenSsl_OfBothVersions_VerifiesNegotiatesAndResumes(string option, string version)
    {
        await using ServerFixture server = await StartAsync("openssl", new ZoneServiceLimits { ConnectionIdleTimeout = TimeSpan.FromSeconds(1) });
        string session = Path.Combine(Path.GetDirectoryName(server.AuthorityFile())!, "session");
        string[] verify = ["-CAfile", server.AuthorityFile(), "-verify_hostname", ServerName, "-verify_return_error", "-servername", ServerName, "-alpn", "dot", "-ign_eof", option]; // it stays until the server ends the connection, for the tickets come after the handshake
        CommandResult first = await ConnectAsync(server, [.. verify, "-sess_out", session]);
        Assert.True(first.Output.Contains("Verify return code: 0 (ok)", StringComparison.Ordinal), first.Output + first.Error);
        Assert.Contains("ALPN protocol: dot", first.Output, StringComparison.Ordinal);
        Assert.Contains($"New, {version}", first.Output, StringComparison.Ordinal);
        CommandResult second = await ConnectAsync(server, [.. verify, "-sess_in", session]);
        Assert.True(second.Output.Contains($"Reused, {version}", StringComparison.Ordinal), second.Output + second.Error);
    }

    [Theory]
    [InlineData("-alpn", "h2")]
    [InlineData("-tls1_1", "-quiet")]
    public async Task OpenSsl_ThatAsksForWhatThereIsNot_IsTurnedAway(string option, string value)
    {
        await using ServerFixture server = await StartAsync("openssl");
        CommandResult result = await ConnectAsync(server, ["-cipher", "DEFAULT@SECLEVEL=0", option, value]);
        Assert.False(result.Succeeded, result.Output);
        Assert.Contains("alert", result.Output + result.Error, StringComparison.Ordinal);
        Assert.Contains("status: NOERROR", (await server.DigAsync(false, "+tcp", ServerFixture.Domain, "SOA")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenSsl_ThatRenegotiates_IsRefused()
    {
        await using ServerFixture server = await StartAsync("openssl");
        // "R" at the beginning of a line asks for it; the connection must not come back with a second handshake.
        CommandResult result = await ConnectAsync(server, ["-tls1_2", "-servername", ServerName], input: "R\n");
        string[] parts = result.Error.Split("RENEGOTIATING");
        Assert.True(parts is [_, string after] && !after.Contains("depth=", StringComparison.Ordinal), result.Output + result.Error);
        Assert.Contains("status: NOERROR", (await server.DigAsync(false, "+tcp", ServerFixture.Domain, "SOA")).Output, StringComparison.Ordinal);
    }

    private static async Task<ServerFixture> StartAsync(string tool, ZoneServiceLimits? limits = null)
    {
        if (!Command.Exists(tool)) Assert.Skip($"{tool} is not installed");
        return await ServerFixture.StartAsync(change: options => options with
        {
            TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Limits = limits ?? options.Limits,
        });
    }

    private static Task<CommandResult> AskAsync(ServerFixture server, string tool, string authority, string name, params string[] question) => Command.RunAsync(
        tool, ["@127.0.0.1", "-p", $"{server.Service.TlsEndpoints[0].Port}", "+tls", $"+tls-ca={authority}", $"+tls-hostname={name}", .. question]);

    private static Task<CommandResult> ConnectAsync(ServerFixture server, string[] options, string input = "") => Command.RunAsync(
        "openssl", ["s_client", "-connect", $"127.0.0.1:{server.Service.TlsEndpoints[0].Port}", .. options], input: input);
}
