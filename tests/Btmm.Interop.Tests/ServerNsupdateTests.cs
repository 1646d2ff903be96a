using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>BIND's <c>nsupdate</c> against the embedded zone service.</summary>
public sealed class ServerNsupdateTests
{
    private const string Studio = $"studio.{ServerFixture.Domain}";

    public ServerNsupdateTests() => Assert.SkipUnless(Command.Exists("dig") && Command.Exists("nsupdate"), "dig or nsupdate is not installed.");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nsupdate_AddAndDelete_IsSeenWithTheSerial(bool tcp)
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        uint before = server.Serial;
        await SucceedsAsync(server, tcp, $"update add {Studio} 120 AAAA fd00::1", $"update add {Studio} 120 TXT \"model=x\" \"os=y\"");
        Assert.Equal(before + 1, server.Serial);
        Assert.Equal("fd00::1", (await server.DigAsync(true, "+short", Studio, "AAAA")).Output.Trim());
        Assert.Equal("\"model=x\" \"os=y\"", (await server.DigAsync(true, "+short", Studio, "TXT")).Output.Trim());
        await SucceedsAsync(server, tcp, $"update delete {Studio} AAAA fd00::1");
        await SucceedsAsync(server, tcp, $"update delete {Studio} TXT");
        Assert.Contains("status: NXDOMAIN", (await server.DigAsync(true, Studio, "AAAA")).Output, StringComparison.Ordinal);
        Assert.Equal(before + 3, server.Serial);
        await SucceedsAsync(server, tcp, $"update delete {Studio}");
        Assert.Equal(before + 3, server.Serial);
    }

    [Theory]
    [InlineData($"prereq nxdomain {Studio}", "YXDOMAIN")]
    [InlineData($"prereq yxdomain absent.{ServerFixture.Domain}", "NXDOMAIN")]
    [InlineData($"prereq nxrrset {Studio} AAAA", "YXRRSET")]
    [InlineData($"prereq yxrrset {Studio} TXT", "NXRRSET")]
    [InlineData($"prereq yxrrset {Studio} AAAA fd00::2", "NXRRSET")]
    [InlineData("prereq nxdomain www.example.com", "NOTZONE")]
    public async Task Nsupdate_PrerequisiteFails_SeesTheCodeAndChangesNothing(string prerequisite, string code)
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await SucceedsAsync(server, false, $"update add {Studio} 120 AAAA fd00::1");
        uint before = server.Serial;
        await FailsAsync(server, server.Account.UpdateKey, code, prerequisite, $"update add {Studio} 120 AAAA fd00::9");
        Assert.Equal(before, server.Serial);
    }

    [Theory]
    [InlineData($"prereq yxdomain {Studio}")]
    [InlineData($"prereq nxdomain absent.{ServerFixture.Domain}")]
    [InlineData($"prereq yxrrset {Studio} AAAA")]
    [InlineData($"prereq nxrrset {Studio} TXT")]
    [InlineData($"prereq yxrrset {Studio} AAAA fd00::1")]
    public async Task Nsupdate_PrerequisiteHolds_IsApplied(string prerequisite)
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        await SucceedsAsync(server, false, $"update add {Studio} 120 AAAA fd00::1");
        await SucceedsAsync(server, false, prerequisite, $"update add {Studio} 120 A 192.0.2.1");
        Assert.Equal("192.0.2.1", (await server.DigAsync(true, "+short", Studio, "A")).Output.Trim());
    }

    [Fact]
    public async Task Nsupdate_WithoutOrWithWrongRights_SeesWhy()
    {
        using var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha512, new byte[64]);
        await using ServerFixture server = await ServerFixture.StartAsync(change: options =>
            options with { Zones = [options.Zones[0] with { Keys = [.. options.Zones[0].Keys, new ZoneKey(narrow, DnsName.Parse(Studio))] }] });
        string add = $"update add laptop.{ServerFixture.Domain} 120 A 192.0.2.1";
        await FailsAsync(server, null, "REFUSED", add);
        await FailsAsync(server, narrow, "REFUSED", add);
        await FailsAsync(server, server.Account.UpdateKey, "REFUSED", $"update add ns.{ServerFixture.Domain} 120 A 192.0.2.1");
        await FailsAsync(server, server.Account.UpdateKey, "NOTZONE", "update add www.example.com 120 A 192.0.2.1");
        await FailsAsync(server, server.Account.UpdateKey, "NOTAUTH", "zone bob.members.example.net", "update add x.bob.members.example.net 120 A 192.0.2.1");
        CommandResult allowed = await server.NsupdateAsync(narrow, tcp: false, $"update add {Studio} 120 A 192.0.2.1");
        Assert.True(allowed.Succeeded, allowed.Error);
    }

    [Fact]
    public async Task Nsupdate_WrongKeyOrClock_SeesWhich()
    {
        string add = $"update add {Studio} 120 A 192.0.2.1";
        await using ServerFixture server = await ServerFixture.StartAsync();
        using var wrongSecret = new TsigKey(server.Account.UpdateKey.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        using var wrongName = new TsigKey(DnsName.Parse("nobody.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        await FailsAsync(server, wrongSecret, "NOTAUTH(BADSIG)", add);
        await FailsAsync(server, wrongName, "NOTAUTH(BADKEY)", add);
        await using ServerFixture early = await ServerFixture.StartAsync(new ServerShiftedTime(TimeSpan.FromMinutes(-20)));
        await FailsAsync(early, early.Account.UpdateKey, "NOTAUTH(BADTIME)", add);
    }

    private static async Task SucceedsAsync(ServerFixture server, bool tcp, params string[] script)
    {
        CommandResult result = await server.NsupdateAsync(server.Account.UpdateKey, tcp, script);
        Assert.True(result.Succeeded, result.Output + result.Error);
    }

    private static async Task FailsAsync(ServerFixture server, TsigKey? key, string code, params string[] script)
    {
        CommandResult result = await server.NsupdateAsync(key, tcp: false, script);
        Assert.False(result.Succeeded);
        Assert.Contains(code, result.Output + result.Error, StringComparison.Ordinal);
    }
}
