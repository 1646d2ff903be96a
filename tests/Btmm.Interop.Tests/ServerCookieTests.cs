using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Cookies, the limit on answers, and the reasons of refusals as BIND's <c>dig</c> sees them.</summary>
public sealed class ServerCookieTests
{
    public ServerCookieTests() => Assert.SkipUnless(Command.Exists("dig"), "dig is not installed.");

    [Fact]
    public async Task Dig_Cookie_IsGoodAndComesBack()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        CommandResult first = await server.DigAsync(false, "+cookie=0102030405060708", ServerFixture.Domain, "SOA");
        Assert.Contains("(good)", first.Output, StringComparison.Ordinal);
        string cookie = first.Output.Split("; COOKIE: ")[1].Split(' ')[0];
        Assert.Equal(48, cookie.Length);
        CommandResult second = await server.DigAsync(false, $"+cookie={cookie}", ServerFixture.Domain, "SOA");
        Assert.Contains($"; COOKIE: {cookie} (good)", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_Refusals_SayWhy()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        Assert.Contains("EDE: 18 (Prohibited)", (await server.DigAsync(false, $"studio.{ServerFixture.Domain}", "A")).Output, StringComparison.Ordinal);
        Assert.Contains("EDE: 20 (Not Authoritative)", (await server.DigAsync(false, "www.example.com", "A")).Output, StringComparison.Ordinal);
        Assert.Contains("EDE: 21 (Not Supported)", (await server.DigAsync(false, "-c", "CH", "version.bind", "TXT")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_OverTheLimit_IsServedByCookieOrTcp()
    {
        // Its time stands still: on a busy machine dig is slower than any limit.
        await using ServerFixture server = await ServerFixture.StartAsync(new FakeClock(), options => options with
        {
            RateLimit = new RateLimit { AnswersPerSecond = 1, AllPerSecond = 0, Slip = 1, Exempt = [] },
        });
        for (int i = 0; i < 8; i++)
            await server.DigAsync(false, "+nocookie", "+ignore", ServerFixture.Domain, "SOA");
        CommandResult cut = await server.DigAsync(false, "+nocookie", "+ignore", ServerFixture.Domain, "SOA");
        Assert.Contains("flags: qr tc", cut.Output, StringComparison.Ordinal);
        CommandResult tcp = await server.DigAsync(false, "+nocookie", ServerFixture.Domain, "SOA");
        Assert.Contains("ANSWER: 1", tcp.Output, StringComparison.Ordinal);
        CommandResult refused = await server.DigAsync(false, "+cookie", "+nobadcookie", ServerFixture.Domain, "SOA");
        Assert.Contains("status: BADCOOKIE", refused.Output, StringComparison.Ordinal);
        CommandResult again = await server.DigAsync(false, "+cookie", "+badcookie", ServerFixture.Domain, "SOA");
        Assert.Contains("status: NOERROR", again.Output, StringComparison.Ordinal);
    }
}
