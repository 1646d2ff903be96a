using System.Net;

namespace Btmm.Daemon.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Parse_ValuesFlagsAndRepetition_AreTold()
    {
        CommandLine line = Parse("--one", "1", "--flag", "--many=a", "--many", "b");
        Assert.Equal("1", line.Require("--one"));
        Assert.True(line.Has("--flag"));
        Assert.Equal(["a", "b"], line.RequireAll("--many"));
        Assert.Null(line.Get("--two"));
        Assert.Empty(line.All("--two"));
    }

    [Theory]
    [InlineData("--unknown", "1")]
    [InlineData("word")]
    [InlineData("--one")]
    [InlineData("--one", "1", "--one", "2")]
    [InlineData("--flag=yes")]
    public void Parse_Wrong_IsRefused(params string[] arguments) => Assert.Throws<UsageException>(() => Parse(arguments));

    [Theory]
    [InlineData("0")]
    [InlineData("70000")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("")]
    public void GetInteger_OutOfRange_IsRefused(string value) =>
        Assert.Throws<UsageException>(() => Parse("--one", value).GetInteger("--one", 1, 65535));

    [Theory]
    [InlineData("ns.example.net", "ns.example.net", null)]
    [InlineData("ns.example.net:5300", "ns.example.net", 5300)]
    [InlineData("192.0.2.1", "192.0.2.1", null)]
    [InlineData("192.0.2.1:53", "192.0.2.1", 53)]
    [InlineData("2001:db8::1", "2001:db8::1", null)]
    [InlineData("[2001:db8::1]", "2001:db8::1", null)]
    [InlineData("[2001:db8::1]:53", "2001:db8::1", 53)]
    public void ParseServer_Forms_AreUnderstood(string text, string host, int? port) =>
        Assert.Equal((host, port), CommandLine.ParseServer(text));

    [Theory]
    [InlineData("")]
    [InlineData(":53")]
    [InlineData("x:")]
    [InlineData("x:0")]
    [InlineData("x:70000")]
    [InlineData("[::1")]
    [InlineData("[::1]x")]
    public void ParseServer_Wrong_IsRefused(string text) => Assert.Throws<UsageException>(() => CommandLine.ParseServer(text));

    [Theory]
    [InlineData("90m", 5400)]
    [InlineData("2h", 7200)]
    [InlineData("45s", 45)]
    [InlineData("1800", 1800)]
    public void ParseDuration_Forms_AreUnderstood(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), CommandLine.ParseDuration(text));

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-5")]
    [InlineData("1d")]
    [InlineData("99999999999")]
    public void ParseDuration_Wrong_IsRefused(string text) => Assert.Throws<UsageException>(() => CommandLine.ParseDuration(text));

    [Fact]
    public void ParseEndpoint_WithAndWithoutPort()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 53), CommandLine.ParseEndpoint("192.0.2.1", 53));
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 99), CommandLine.ParseEndpoint("192.0.2.1:99", 53));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 99), CommandLine.ParseEndpoint("[::1]:99", 53));
        Assert.Throws<UsageException>(() => CommandLine.ParseEndpoint("name", 53));
    }

    private static CommandLine Parse(params string[] arguments) => CommandLine.Parse(arguments, ["--one", "--two"], ["--many"], ["--flag"]);
}
