using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;

namespace Btmm.Server.Tests;

/// <summary>The limit on answers to one network.</summary>
public sealed class RateLimitTests : IDisposable
{
    private const int Burst = 50; // five seconds' worth

    private readonly ServerHarness _server = NewServer(new RateLimit { AnswersPerSecond = 10, AllPerSecond = 100 });

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Flood_OfOneQuestion_GetsItsBurstAndThenEverySecondAnswerCutShort()
    {
        List<DnsMessage?> replies = await FloodAsync(Burst + 20);
        Assert.All(replies.Take(Burst), reply => Assert.False(reply!.IsTruncated));
        Assert.Equal(10, replies.Skip(Burst).Count(reply => reply is null));
        Assert.Equal(10, replies.Skip(Burst).Count(reply => reply is { IsTruncated: true, Answers.Count: 0, Rcode: DnsRcode.NoError }));
        Assert.Equal(20, _server.Metrics.Read(ServerCount.ResponsesLimited));

        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, (await FloodAsync(20)).Count(reply => reply is { IsTruncated: false }));
        _server.Advance(TimeSpan.FromHours(1));
        Assert.Equal(Burst, (await FloodAsync(Burst + 20)).Count(reply => reply is { IsTruncated: false }));
    }

    [Fact]
    public async Task Flood_ClientThatKnowsCookies_GetsBadCookieAndIsFreeWithIt()
    {
        byte[] cookie = new byte[8];
        List<DnsMessage?> replies = await FloodAsync(Burst + 2, cookie: cookie);
        DnsMessage bad = Assert.Single(replies.Skip(Burst).OfType<DnsMessage>());
        Assert.Equal((DnsRcode.BadCookie, false, 0), (bad.ExtendedRcode, bad.IsTruncated, bad.Answers.Count));
        cookie = bad.Edns!.Options.OfType<UnknownOption>().Single().Data.ToArray();
        Assert.All(await FloodAsync(1000, cookie: cookie), reply => Assert.Equal((DnsRcode.NoError, 1), (reply!.ExtendedRcode, reply.Answers.Count)));
    }

    [Fact]
    public async Task Flood_SignedOrByTcp_IsNotLimited()
    {
        for (int i = 0; i < 3 * Burst; i++)
        {
            Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: true)).Answers);
            Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false, stream: true)).Answers);
        }
    }

    [Fact]
    public async Task Flood_OfNamesThatDoNotExist_CountsTogether()
    {
        int answered = 0;
        for (int i = 0; i < 2 * Burst; i++)
            answered += await _server.SendAsync(ServerHarness.Query(_server.Name($"random-{i}"), DnsType.A).ToArray()) is { } bytes && (bytes[2] & 2) == 0 ? 1 : 0;
        Assert.Equal(Burst, answered);
    }

    [Fact]
    public async Task Flood_OfManyKinds_IsLimitedAsAWhole()
    {
        int answered = 0;
        await _server.AddAsync([.. Enumerable.Range(0, 450).Select(i => Records.A(_server.Name($"host-{i}"), "192.0.2.1"))]);
        for (int i = 0; i < 900; i++)
            answered += await _server.SendAsync(ServerHarness.Query(_server.Name($"host-{i % 450}"), DnsType.A).ToArray()) is { } bytes && (bytes[2] & 2) == 0 ? 1 : 0;
        Assert.Equal(500, answered);
    }

    [Theory]
    [InlineData("198.51.100.200", 0)]
    [InlineData("198.51.101.7", 1)]
    [InlineData("2001:db8::7", 1)]
    public async Task Flood_OfOneNetwork_DoesNotConcernOthers(string other, int answers)
    {
        await FloodAsync(Burst + 1);
        byte[]? reply = await _server.SendAsync(ServerHarness.Query(_server.Apex, DnsType.SOA).ToArray(), new IPEndPoint(IPAddress.Parse(other), 1));
        Assert.Equal(answers, reply is not null && DnsMessage.TryParse(reply, out DnsMessage? message) ? message.Answers.Count : 0);
    }

    [Fact]
    public async Task Flood_OfOneIpv6Network_CountsBy56Bits()
    {
        int answered = 0;
        for (int i = 0; i < 2 * Burst; i++)
            answered += await _server.SendAsync(ServerHarness.Query(_server.Apex, DnsType.SOA).ToArray(), new IPEndPoint(IPAddress.Parse($"2001:db8:0:{i:x}::1"), 1)) is { } bytes && (bytes[2] & 2) == 0 ? 1 : 0;
        Assert.Equal(Burst, answered);
    }

    [Fact]
    public async Task Limit_ExemptOffOrWithoutSlip_DoesAsItSays()
    {
        using ServerHarness exempt = NewServer(new RateLimit { AnswersPerSecond = 1, Exempt = [IPNetwork.Parse("198.51.100.0/24")] });
        Assert.All(await FloodAsync(100, exempt), reply => Assert.Single(reply!.Answers));
        using ServerHarness off = NewServer(new RateLimit { AnswersPerSecond = 0, AllPerSecond = 0 });
        Assert.All(await FloodAsync(100, off), reply => Assert.Single(reply!.Answers));
        using ServerHarness silent = NewServer(new RateLimit { AnswersPerSecond = 1, Slip = 0 });
        Assert.Equal(5, (await FloodAsync(100, silent)).Count(reply => reply is not null));
    }

    [Fact]
    public void Table_ManyNetworks_StaysAsItIsAndAnswers()
    {
        var table = new RateTable();
        var random = new Random(5);
        int refused = Enumerable.Range(0, 1_000_000).Count(i => !table.TryTake((uint)random.NextInt64(uint.MaxValue), 10, TimeSpan.FromMilliseconds(i)));
        Assert.InRange(refused, 0, 1000);
    }

    [Fact]
    public async Task Table_ManyThreads_GiveNoMoreThanThereIs()
    {
        var table = new RateTable();
        int taken = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                if (table.TryTake(42, 100, TimeSpan.Zero))
                    Interlocked.Increment(ref taken);
            }
        })));
        Assert.InRange(taken, 500, 600); // a few when everybody wants the bucket at once
    }

    [Theory, Trait("rfc", "8914§4")]
    [InlineData("www.example.org", DnsType.A, DnsClass.IN, ExtendedDnsError.NotAuthoritative)]
    [InlineData("alice.members.example.net", DnsType.TXT, DnsClass.IN, ExtendedDnsError.Prohibited)]
    [InlineData("alice.members.example.net", DnsType.TXT, DnsClass.CH, ExtendedDnsError.NotSupported)]
    [InlineData("alice.members.example.net", DnsType.MAILB, DnsClass.IN, ExtendedDnsError.NotSupported)]
    public async Task Refusal_WithEdns_SaysWhy(string name, DnsType type, DnsClass @class, ExtendedDnsError error)
    {
        using var server = new ServerHarness();
        DnsMessage ask = new() { Questions = [new DnsQuestion(DnsName.Parse(name), type, @class)], Additional = [new EdnsInfo().ToRecord()] };
        Assert.Equal(new ExtendedErrorOption(error), Assert.Single((await server.AskAsync(ask, null)).Edns!.Options));
        Assert.Null((await server.AskAsync(ask with { Additional = [] }, null)).Edns);
    }

    [Fact, Trait("rfc", "8914§4.15")]
    public async Task Update_WhenTheStoreFails_SaysNotReady()
    {
        var store = new FailingStore();
        using var server = new ServerHarness(store: store);
        store.Fails = true;
        DnsMessage update = ServerHarness.Update(server.Apex, [Records.A(server.Name("a"), "192.0.2.1")]) with { Additional = [new EdnsInfo().ToRecord()] };
        DnsMessage reply = await server.AskAsync(update, server.Key);
        Assert.Equal(DnsRcode.ServFail, reply.Rcode);
        Assert.Equal(new ExtendedErrorOption(ExtendedDnsError.NotReady), Assert.Single(reply.Edns!.Options));
    }

    private static ServerHarness NewServer(RateLimit limit) =>
        new(isPublic: true, service: new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = limit });

    private async Task<List<DnsMessage?>> FloodAsync(int count, ServerHarness? server = null, byte[]? cookie = null)
    {
        server ??= _server;
        EdnsInfo? edns = cookie is null ? null : new EdnsInfo(1232, [new UnknownOption(DnsServerCookie.OptionCode, cookie)]);
        byte[] ask = ServerHarness.Query(server.Apex, DnsType.SOA, edns).ToArray();
        var replies = new List<DnsMessage?>();
        for (int i = 0; i < count; i++)
            replies.Add(await server.SendAsync(ask) is { } bytes && DnsMessage.TryParse(bytes, out DnsMessage? reply) ? reply : null);
        return replies;
    }
}
