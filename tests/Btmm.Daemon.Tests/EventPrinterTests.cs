using System.Net;
using System.Text.Json;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;

namespace Btmm.Daemon.Tests;

public sealed class EventPrinterTests
{
    private static readonly NodeEvent s_examined = new()
    {
        At = DateTimeOffset.UnixEpoch,
        Elapsed = TimeSpan.FromSeconds(3),
        Kind = NodeEventKind.GatewayExamined,
        Message = "DoubleNat: Two NATs in a row.",
        Remedy = "Switch the gateway to bridge mode.",
        Verdict = new GatewayVerdict
        {
            Kind = GatewayVerdictKind.DoubleNat,
            Summary = "Two NATs in a row.",
            Box = new GatewayBox(GatewayBoxRole.OuterGateway, null),
            Inner = new GatewayBox(GatewayBoxRole.Gateway, IPAddress.Parse("192.168.9.1")),
            Evidence = [new GatewayEvidence(GatewayStep.NatMapping, "203.0.113.53:3479", "sees this host as 203.0.113.9:4711", TimeSpan.FromMilliseconds(12.34))],
        },
    };

    [Fact]
    public void Print_VerdictAsJson_HasEverythingThatItRestsOn()
    {
        using JsonDocument printed = JsonDocument.Parse(Print(json: true));
        JsonElement verdict = printed.RootElement;
        Assert.Equal(
            ["at", "elapsed", "event", "message", "remedy", "verdict", "reachable", "box", "inner", "evidence"],
            verdict.EnumerateObject().Select(member => member.Name));
        Assert.Equal("DoubleNat", verdict.GetProperty("verdict").GetString());
        Assert.False(verdict.GetProperty("reachable").GetBoolean());
        Assert.Equal("""{"role":"OuterGateway"}""", verdict.GetProperty("box").GetRawText());
        Assert.Equal("""{"role":"Gateway","address":"192.168.9.1"}""", verdict.GetProperty("inner").GetRawText());
        Assert.Equal(
            """[{"step":"NatMapping","who":"203.0.113.53:3479","answer":"sees this host as 203.0.113.9:4711","milliseconds":12.3}]""",
            verdict.GetProperty("evidence").GetRawText());
    }

    [Fact]
    public void Print_VerdictAsText_IsOneLineAsEver() =>
        Assert.Equal($"    3.000 gateway-examined     DoubleNat: Two NATs in a row. Switch the gateway to bridge mode.{Environment.NewLine}", Print(json: false));

    private static string Print(bool json)
    {
        using var output = new StringWriter();
        new EventPrinter(output, json).Print(s_examined);
        return output.ToString();
    }
}
