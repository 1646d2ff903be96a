using System.Net;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>coturn's clients against the zone service's STUN.</summary>
public sealed class ServerStunTests
{
    [Fact]
    public async Task Stunclient_AtTheDnsPort_LearnsItsAddress()
    {
        Assert.SkipUnless(Command.Exists("turnutils_stunclient"), "turnutils_stunclient is not installed.");
        await using ServerFixture server = await ServerFixture.StartAsync();
        CommandResult client = Command.Run("turnutils_stunclient", ["-p", $"{server.Endpoint.Port}", "127.0.0.1"]);
        Assert.Matches(@"UDP reflexive addr: 127\.0\.0\.1:\d+", client.Output + client.Error);
    }

    [Fact]
    public async Task Natdiscovery_AtTwoEndpoints_FindsThatThereIsNoNat()
    {
        Assert.SkipUnless(Command.Exists("turnutils_natdiscovery"), "turnutils_natdiscovery is not installed.");
        int port = FreePort.Take();
        IPEndPoint[] endpoints = [new(IPAddress.Loopback, port), new(IPAddress.Parse("127.0.0.2"), FreePort.Take())];
        await using ServerFixture server = await ServerFixture.StartAsync(change: options => options with { StunEndpoints = endpoints });
        CommandResult client = Command.Run("turnutils_natdiscovery", ["-m", "-f", "-p", $"{port}", "127.0.0.1"]);
        string output = client.Output + client.Error;
        Assert.Contains($"Other addr: : 127.0.0.2:{endpoints[1].Port}", output, StringComparison.Ordinal);
        Assert.Contains("Endpoint Independent Filtering", output, StringComparison.Ordinal);
    }
}
