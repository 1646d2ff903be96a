using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Requests;

namespace Btmm.Server.Tests;

/// <summary>Who may have how many long-lived queries, and what an address gets that has proven nothing (RFC 8764 §8).</summary>
public sealed class LlqLimitTests
{
    private static readonly IPEndPoint s_other = new(IPAddress.Parse("198.51.100.8"), 40_000);

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task Limit_PerClient_CountsAnIpv6NetworkAsOne()
    {
        using var server = new ServerHarness(new ZoneServiceLimits { MaxLongLivedQueriesPerClient = 2 });
        await AskOneAsync(server, 0, IPEndPoint.Parse("[2001:db8:1:2::1]:1000"));
        await AskOneAsync(server, 1, IPEndPoint.Parse("[2001:db8:1:2:ffff::9]:1001"));
        await AssertFullAsync(server, 2, IPEndPoint.Parse("[2001:db8:1:2:3::4]:1002"));
        await AskOneAsync(server, 3, IPEndPoint.Parse("[2001:db8:1:3::1]:1000"));
    }

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task Limit_PerClient_CountsIpv4AddressesOneByOne()
    {
        using var server = new ServerHarness(new ZoneServiceLimits { MaxLongLivedQueriesPerClient = 1 });
        await AskOneAsync(server, 0, IPEndPoint.Parse("192.0.2.1:1000"));
        await AskOneAsync(server, 1, IPEndPoint.Parse("192.0.2.2:1000"));
        await AskOneAsync(server, 2, IPEndPoint.Parse("[::ffff:192.0.2.3]:1000"));
        await AskOneAsync(server, 3, IPEndPoint.Parse("[::ffff:192.0.2.4]:1000"));
        await AssertFullAsync(server, 4, IPEndPoint.Parse("192.0.2.1:1001"));
        await AssertFullAsync(server, 5, IPEndPoint.Parse("[::ffff:192.0.2.2]:1001"));
    }

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task Limit_PerKey_HoldsWhereverTheHolderIs()
    {
        using var second = new TsigKey(DnsName.Parse("second.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(new ZoneServiceLimits { MaxLongLivedQueriesPerKey = 2 }, [new ZoneKey(second, TestZones.Alice)]);
        await AskOneAsync(server, 0, ServerHarness.Client);
        await AskOneAsync(server, 1, s_other);
        await AssertFullAsync(server, 2, s_other);
        await server.EstablishAsync(server.Name("h2"), DnsType.A, second, s_other);
        Assert.Equal(3, server.Llq.Count);
    }

    [Theory]
    [Trait("rfc", "8764§8.1")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Limit_InAllOrPerName_HoldsForEverybody(bool inAll)
    {
        ZoneServiceLimits limits = inAll ? new ZoneServiceLimits { MaxLongLivedQueries = 1 } : new ZoneServiceLimits { MaxLongLivedQueriesPerName = 1 };
        using var server = new ServerHarness(limits);
        await AskOneAsync(server, 0, ServerHarness.Client);
        await AssertFullAsync(server, 0, s_other);
        using var peer = new FakePeer();
        DnsMessage byStream = await server.AskAsync(LlqRequests.Request(server.Name("h0"), DnsType.A, LlqRequests.Setup()), server.Key, peer: peer);
        Assert.Equal(LlqError.ServFull, byStream.Option().Error);
        Assert.False(peer.IsHeldOpen);
        if (!inAll)
            await AskOneAsync(server, 1, s_other);
    }

    [Fact]
    public async Task Limit_AfterQueriesEnded_HasRoomAgain()
    {
        using var server = new ServerHarness(new ZoneServiceLimits { MaxLongLivedQueries = 3, MaxLongLivedQueriesPerKey = 3, MaxLongLivedQueriesPerClient = 3 });
        for (int round = 0; round < 5; round++)
        {
            for (int i = 0; i < 3; i++)
                await AskOneAsync(server, i, ServerHarness.Client);
            await AssertFullAsync(server, 4, ServerHarness.Client);
            server.Advance(TimeSpan.FromSeconds(LlqRequests.Lease));
            Assert.Equal(0, server.Llq.Count);
        }
    }

    [Fact]
    [Trait("rfc", "8764§5.2")]
    public async Task PublicZone_Unsigned_HasLongLivedQueriesWithUnsignedEvents()
    {
        using var server = new ServerHarness(isPublic: true);
        DnsName studio = server.Name("studio");
        LlqOption option = (await server.EstablishAsync(studio, DnsType.A, key: null)).Option();
        await server.AddAsync(Records.A(studio, "192.0.2.1"));
        DnsMessage happened = server.TakeEvent(out IPEndPoint client);
        Assert.Null(happened.Tsig);
        Assert.Equal(option.Id, happened.Option().Id);
        await server.AcknowledgeAsync(happened, client);
        Assert.Equal(LlqError.NoError, (await server.AskAsync(LlqRequests.Request(studio, DnsType.A, LlqRequests.Refresh(option.Id)), null)).Option().Error);
        // What was set up without a key is not another one's with a key, and the other way round.
        Assert.Equal(LlqError.NoSuchLlq, (await server.AskAsync(LlqRequests.Request(studio, DnsType.A, LlqRequests.Refresh(option.Id)), server.Key)).Option().Error);
        LlqOption signed = (await server.EstablishAsync(studio, DnsType.A, server.Key)).Option();
        Assert.Equal(LlqError.NoSuchLlq, (await server.AskAsync(LlqRequests.Request(studio, DnsType.A, LlqRequests.Refresh(signed.Id)), null)).Option().Error);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.2")]
    public async Task Questions_SomeNotForTheAsker_FailOneByOne()
    {
        using var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(narrow, DnsName.Parse("studio.alice.members.example.net"))]);
        DnsQuestion[] questions = [new(server.Name("studio"), DnsType.A), new(server.Name("laptop"), DnsType.A), new(DnsName.Parse("www.example.com"), DnsType.A)];
        DnsMessage request = new() { Questions = questions, Additional = [new EdnsInfo(LlqRequests.Setup(), LlqRequests.Setup(), LlqRequests.Setup()).ToRecord()] };
        DnsMessage reply = await server.AskAsync(request, narrow);
        Assert.Equal([LlqError.NoError, LlqError.UnknownErr, LlqError.UnknownErr], reply.Edns!.Options.Cast<LlqOption>().Select(option => option.Error));
        Assert.Equal(DnsRcode.Refused, (await server.AskAsync(request with { Questions = questions[1..], Additional = [new EdnsInfo(LlqRequests.Setup(), LlqRequests.Setup()).ToRecord()] }, narrow)).Rcode);
    }

    [Fact]
    [Trait("rfc", "8764§8.2")]
    public async Task Answers_ToUnprovenAddresses_AreHardlyLongerThanTheirRequests()
    {
        using var server = new ServerHarness(isPublic: true);
        DnsName studio = server.Name("studio");
        await server.AddAsync([.. Enumerable.Range(0, 60).Select(i => Records.Txt(studio, $"a text that makes answers long, number {i}"))]);
        await server.EstablishAsync(studio, DnsType.TXT, key: null, s_other);
        double worst = 0;
        foreach (DnsName name in new[] { studio, server.Apex, server.Name("_dns-llq._udp"), server.Name("ns"), DnsName.Parse("x.example.com") })
        {
            foreach (LlqOption option in Options())
            {
                foreach (bool signed in new[] { false, true })
                {
                    DnsMessage message = LlqRequests.Request(name, DnsType.TXT, option) with { Id = 7 };
                    foreach (DnsType type in new[] { DnsType.TXT, DnsType.SRV, DnsType.A, DnsType.NS, DnsType.ANY })
                    {
                        DnsMessage one = message with { Questions = [new DnsQuestion(name, type)] };
                        byte[] request = signed ? server.Sign(one) : one.ToArray();
                        byte[]? answer = await server.SendAsync(request);
                        Assert.NotNull(answer);
                        worst = Math.Max(worst, (double)answer.Length / request.Length);
                    }
                }
            }
        }

        // Set-up and refresh: as long as the request; a static answer: less than the limit.
        Assert.InRange(worst, 1, LlqHandler.MaxAmplification);
        TestContext.Current.TestOutputHelper?.WriteLine($"longest answer: {worst:F2} times its request");
    }

    [Theory]
    [Trait("rfc", "8764§5.2.2")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Challenge_OfASetUp_IsAsLongAsItsRequest(bool signed)
    {
        using var server = new ServerHarness(isPublic: true);
        DnsMessage message = LlqRequests.Request(server.Name("studio"), DnsType.TXT, LlqRequests.Setup()) with { Id = 7 };
        byte[] request = signed ? server.Sign(message) : message.ToArray();
        Assert.Equal(request.Length, (await server.SendAsync(request))!.Length);
    }

    [Fact]
    public async Task StaticAnswer_TooLongForAnUnprovenAddress_SaysSo()
    {
        using var server = new ServerHarness();
        DnsMessage reply = await server.AskAsync(LlqRequests.Request(server.Name("_dns-llq._udp"), DnsType.SRV, LlqRequests.Setup()), null);
        Assert.Equal(LlqError.Static, reply.Option().Error);
        Assert.Single(reply.Answers);
        Assert.False(reply.Flags.HasFlag(DnsFlags.Truncated));
        // Its additional records are left out rather than the answer.
        using var peer = new FakePeer();
        DnsMessage whole = await server.AskAsync(LlqRequests.Request(server.Name("_dns-llq._udp"), DnsType.SRV, LlqRequests.Setup()), null, peer: peer);
        Assert.Contains(whole.Additional, record => record.Type == DnsType.A);
    }

    [Fact]
    public async Task EndAll_OfAKeyOrZone_EndsThoseAlone()
    {
        using var server = new ServerHarness();
        for (int i = 0; i < 4; i++)
            await AskOneAsync(server, i, ServerHarness.Client);
        server.Llq.EndAll(session => session.Question.Question.Name == server.Name("h1"));
        Assert.Equal(3, server.Llq.Count);
        server.Llq.EndAll(session => session.Key?.Name == server.Key.Name);
        Assert.Equal(0, server.Llq.Count);
        Assert.Null(server.Llq.NextTimeout);
    }

    [Fact]
    public void Client_AnyEndpoint_IsGivenBackAsItWas()
    {
        foreach (string text in new[] { "192.0.2.1:1", "255.255.255.255:65535", "[2001:db8::1]:53", "[::1]:5352", "[fe80::1%7]:9" })
        {
            LlqClient client = NewClient(text, 300);
            Assert.Equal(IPEndPoint.Parse(text), client.EndPoint);
            Assert.Equal(300, client.Listener);
            Assert.NotEqual(client, NewClient(text, 301));
        }

        Assert.NotEqual(NewClient("[::c000:201]:1", 0), NewClient("192.0.2.1:1", 0));
    }

    private static LlqClient NewClient(string endpoint, int listener) => new(PeerAddress.From(IPEndPoint.Parse(endpoint)), listener);

    private static IEnumerable<LlqOption> Options()
    {
        foreach (LlqOpcode opcode in new[] { LlqOpcode.Setup, LlqOpcode.Refresh, LlqOpcode.Event, (LlqOpcode)9 })
        {
            foreach (ulong id in new ulong[] { 0, 5 })
            {
                yield return new LlqOption(opcode, LlqError.NoError, id, LlqRequests.Lease);
                yield return new LlqOption(opcode, LlqError.NoError, id, LlqRequests.Lease, Version: 9);
            }
        }
    }

    private static Task<DnsMessage> AskOneAsync(ServerHarness server, int number, IPEndPoint client) =>
        server.EstablishAsync(server.Name($"h{number}"), DnsType.A, server.Key, client);

    private static async Task AssertFullAsync(ServerHarness server, int number, IPEndPoint client)
    {
        DnsMessage reply = await server.AskAsync(LlqRequests.Request(server.Name($"h{number}"), DnsType.A, LlqRequests.Setup()), server.Key, client);
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.ServFull, 0, 300), reply.Option());
    }
}
