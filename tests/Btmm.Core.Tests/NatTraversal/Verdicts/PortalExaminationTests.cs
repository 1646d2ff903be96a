using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>Examinations where somebody answers HTTP who may be a sign-in page.</summary>
public sealed class PortalExaminationTests
{
    private const string Server = "203.0.113.53:3478";
    private const string Redirect = "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n";

    [Fact]
    public async Task Examine_SomebodyAnswersForNobody_IsCaptivePortal()
    {
        await using var net = new ExaminerFixture();
        net.SilenceGateway();
        net.Serve($"{PortalProbe.Nobody}", 80, Redirect);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.CaptivePortal, verdict.Kind);
        Assert.Contains("http://portal.example/", verdict.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Redirect, true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>", true)]
    [InlineData("HTTP/1.1 511 Network Authentication Required\r\n\r\n", true)]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: https://203.0.113.53/\r\n\r\n", false)]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: /index\r\n\r\n", false)]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>", false)]
    [InlineData("", false)]
    public async Task Examine_ServerThatAnswersHttpAndNotUdp_IsAPortalWhenItShowsAPage(string answer, bool isPortal)
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { StunServers = [IPEndPoint.Parse(Server)] } };
        net.Serve("203.0.113.53", 80, answer);
        Assert.Equal(isPortal ? GatewayVerdictKind.CaptivePortal : GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    [Fact]
    public async Task Examine_ServerWithASiteOfItsOwn_IsNoPortalWhenItAnswersStun()
    {
        await using var net = new ExaminerFixture();
        net.Options = net.Options with { StunServers = [IPEndPoint.Parse(Server)] };
        await using var server = new FakeStunServer(net.Wire, Server) { Map = (client, _) => new(IPAddress.Parse("203.0.113.9"), client.Port) };
        net.Serve("203.0.113.53", 80, Redirect);
        Assert.Equal(GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    [Theory]
    [InlineData("http://203.0.113.80/generate_204", "HTTP/1.1 204 No Content\r\n\r\n", false)]
    [InlineData("http://203.0.113.80/generate_204", "HTTP/1.1 200 OK\r\n\r\n", true)]
    [InlineData("http://probe.example/generate_204", Redirect, true)]
    [InlineData("http://203.0.113.80/generate_204", "HTTP/1.1 503 No\r\n\r\n", false)]
    [InlineData("http://unknown.example/", Redirect, false)]
    public async Task Examine_ProbeUrl_MustAnswer204(string url, string answer, bool isPortal)
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { PortalProbe = new Uri(url) } };
        net.Serve("203.0.113.80", 80, answer);
        Assert.Equal(isPortal ? GatewayVerdictKind.CaptivePortal : GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    [Fact]
    public async Task Examine_EndlessHttp_IsReadToALimit()
    {
        await using var net = new ExaminerFixture();
        net.Serve($"{PortalProbe.Nobody}", 80, "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 50_000)));
        Assert.Equal(GatewayVerdictKind.SingleNat, (await net.ExamineAsync()).Kind);
    }

    // Before anybody has signed in, names may not be found at all.
    [Fact]
    public async Task Examine_NameOfTheProbeUrlIsNotFound_TheOtherLooksCount()
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { PortalProbe = new Uri("http://missing.example/generate_204") } };
        net.SilenceGateway();
        net.Serve($"{PortalProbe.Nobody}", 80, Redirect);
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.CaptivePortal, verdict.Kind);
        Assert.Contains(verdict.Evidence, e => e.Step == GatewayStep.Portal && e.Who == "missing.example");
    }

    [Theory]
    [InlineData("/login", "Open http://192.0.2.1/login in a browser")]
    [InlineData("https://portal.example/in?x=1", "Open https://portal.example/in?x=1 in a browser")]
    [InlineData("javascript:alert(1)", "Open any http page")]
    [InlineData("file:///etc/passwd", "Open any http page")]
    [InlineData("mailto:somebody@example.net", "Open any http page")]
    public async Task Examine_WhereThePageLeads_IsToldWhenABrowserMayBeSentThere(string location, string remedy)
    {
        await using var net = new ExaminerFixture();
        net.SilenceGateway();
        net.Serve($"{PortalProbe.Nobody}", 80, $"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
        GatewayVerdict verdict = await net.ExamineAsync();
        Assert.Equal(GatewayVerdictKind.CaptivePortal, verdict.Kind);
        Assert.StartsWith(remedy, verdict.Remedy, StringComparison.Ordinal);
    }

    [Theory, Trait("rfc", "9110§7.2")]
    [InlineData("http://203.0.113.80/generate_204", "203.0.113.80")]
    [InlineData("http://203.0.113.80:8080/generate_204", "203.0.113.80:8080")]
    [InlineData("http://probe.example/generate_204", "probe.example")]
    [InlineData("http://pr\u00f6.example/generate_204", "xn--pr-gka.example")]
    public async Task Examine_ProbeUrl_IsAskedForByItsHost(string url, string host)
    {
        var probe = new Uri(url);
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { PortalProbe = probe } };
        net.Serve("203.0.113.80", probe.Port, "HTTP/1.1 204 No Content\r\n\r\n");
        await net.ExamineAsync();
        Assert.StartsWith($"GET /generate_204 HTTP/1.1\r\nHost: {host}\r\n", Assert.Single(net.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate_204")]
    [InlineData("https://probe.example/generate_204")]
    [InlineData("ftp://probe.example/")]
    public async Task Examine_ProbeUrlThatIsNotHttp_IsRefused(string url)
    {
        await using var net = new ExaminerFixture { Options = new GatewayExaminerOptions { PortalProbe = new Uri(url, UriKind.RelativeOrAbsolute) } };
        BtmmException refused = await Assert.ThrowsAsync<BtmmException>(net.ExamineAsync);
        Assert.Equal(BtmmErrorReason.InvalidValue, refused.Reason);
        Assert.Empty(net.Wire.Connects);
    }
}
