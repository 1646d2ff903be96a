using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Requests;

namespace Btmm.Server.Tests;

/// <summary>DNS cookies.</summary>
public sealed class CookieTests : IDisposable
{
    private static readonly byte[] s_client = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly byte[] s_secret = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private readonly ServerHarness _server = new(isPublic: true, service: new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = null, ServerId = "ns-one" });

    public void Dispose() => _server.Dispose();

    [Fact, Trait("rfc", "7873§5.2.1")]
    public async Task Query_WithoutCookie_GetsNone() =>
        Assert.Empty((await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false, new EdnsInfo())).Edns!.Options);

    [Theory, Trait("rfc", "7873§5.2.2")]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(41)]
    public async Task Query_CookieOfImpossibleLength_IsFormErr(int length) =>
        Assert.Equal(DnsRcode.FormErr, (await AskAsync(new byte[length])).Rcode);

    [Fact, Trait("rfc", "7873§5.2.3")]
    public async Task Query_ClientCookie_IsAnsweredWithOurs()
    {
        DnsMessage reply = await AskAsync(s_client);
        Assert.Equal((DnsRcode.NoError, 1), (reply.Rcode, reply.Answers.Count));
        byte[] cookie = Cookie(reply);
        Assert.Equal(s_client, cookie[..8]);
        Assert.Equal(24, cookie.Length);
        // The next one may come with it, and gets it back as it is until half an hour has passed.
        Assert.Equal(cookie, Cookie(await AskAsync(cookie)));
        _server.Advance(TimeSpan.FromMinutes(31));
        Assert.NotEqual(cookie, Cookie(await AskAsync(cookie)));
    }

    [Fact, Trait("rfc", "7873§5.2.4")]
    public async Task Query_ForgedCookie_IsAnsweredAsWithoutServerCookie()
    {
        DnsMessage reply = await AskAsync([.. s_client, .. new byte[16]]);
        Assert.Equal((DnsRcode.NoError, 1), (reply.Rcode, reply.Answers.Count));
        Assert.NotEqual([.. s_client, .. new byte[16]], Cookie(reply));
    }

    [Theory, Trait("rfc", "7873§5.4")]
    [InlineData(0, DnsRcode.NoError)]
    [InlineData(16, DnsRcode.BadCookie)]
    public async Task Query_WithoutQuestion_IsForTheCookie(int forged, DnsRcode rcode)
    {
        var ask = new DnsMessage { Additional = [new EdnsInfo(1232, [Option([.. s_client, .. new byte[forged]])]).ToRecord()] };
        DnsMessage reply = await _server.AskAsync(ask, null);
        Assert.Equal((rcode, 0, 0), (reply.ExtendedRcode, reply.Questions.Count, reply.Answers.Count));
        var again = new DnsMessage { Additional = [new EdnsInfo(1232, [Option(Cookie(reply))]).ToRecord()] };
        Assert.Equal(DnsRcode.NoError, (await _server.AskAsync(again, null)).ExtendedRcode);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(new DnsMessage(), null)).Rcode);
    }

    [Fact, Trait("rfc", "9018§5")]
    public async Task Secret_EveryDay_IsAnotherAndTheOldOneStaysGoodForAWhile()
    {
        byte[] cookie = Cookie(await AskAsync(s_client));
        for (int hour = 0; hour < 24; hour++)
        {
            _server.Advance(TimeSpan.FromMinutes(55));
            cookie = Cookie(await AskAsync(cookie));
            Assert.Equal(cookie, Cookie(await AskAsync(cookie)));
        }

        byte[] old = cookie;
        _server.Advance(TimeSpan.FromMinutes(29) + TimeSpan.FromHours(2));
        Assert.NotEqual(old, Cookie(await AskAsync(old)));
    }

    [Fact, Trait("rfc", "9018§2")]
    public async Task Secret_Shared_MakesCookiesThatAnyOfTheServersTakes()
    {
        var service = new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = null, CookieSecrets = [new byte[16], s_secret] };
        using var server = new ServerHarness(isPublic: true, service: service);
        byte[] cookie = [.. s_client, .. new byte[16]];
        DnsServerCookie.Write(new byte[16], s_client, ServerHarness.Client.Address.GetAddressBytes(), server.Time.GetUtcNow(), cookie.AsSpan(8));
        Assert.Equal(cookie, Cookie(await server.QueryAsync(server.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [Option(cookie)]))));
        byte[] old = [.. s_client, .. new byte[16]];
        DnsServerCookie.Write(s_secret, s_client, ServerHarness.Client.Address.GetAddressBytes(), server.Time.GetUtcNow(), old.AsSpan(8));
        Assert.Equal(cookie, Cookie(await server.QueryAsync(server.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [Option(old)]))));
    }

    [Fact, Trait("rfc", "5001§2.2")]
    public async Task ServerId_IsToldToThoseWhoAsk()
    {
        DnsMessage reply = await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [new UnknownOption(3, Array.Empty<byte>())]));
        Assert.Equal(new UnknownOption(3, "ns-one"u8.ToArray()), Assert.Single(reply.Edns!.Options));
        using var silent = new ServerHarness(isPublic: true);
        Assert.Empty((await silent.QueryAsync(silent.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [new UnknownOption(3, Array.Empty<byte>())]))).Edns!.Options);
    }

    [Fact]
    public async Task Query_WithCookie_AllocatesNothing()
    {
        var service = new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = new RateLimit { AnswersPerSecond = 50_000, AllPerSecond = 50_000, Exempt = [IPNetwork.Parse("10.0.0.0/8")] } };
        using var server = new ServerHarness(isPublic: true, service: service);
        byte[] valid = Cookie(await server.QueryAsync(server.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [Option(s_client)])));
        foreach (byte[] cookie in new[] { s_client, valid })
        {
            byte[] query = ServerHarness.Query(server.Apex, DnsType.SOA, new EdnsInfo(1232, [Option(cookie)])).ToArray();
            byte[] response = new byte[EdnsInfo.SafeUdpPayloadSize];
            var workspace = new RequestWorkspace();
            var origin = new RequestOrigin(ServerHarness.Client, 0, DnsTransportKind.Udp);
            long before = 0;
            for (int i = 0; i < 2000; i++)
            {
                if (i == 1000)
                    before = GC.GetAllocatedBytesForCurrentThread();
                Assert.True(server.Handler.TryHandle(query, origin, null, response, workspace, out int length) && length > 0);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000);
        }
    }

    private static UnknownOption Option(byte[] data) => new(DnsServerCookie.OptionCode, data);

    private static byte[] Cookie(DnsMessage reply) =>
        reply.Edns!.Options.OfType<UnknownOption>().Single(option => option.Code == DnsServerCookie.OptionCode).Data.ToArray();

    private Task<DnsMessage> AskAsync(byte[] cookie) => _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false, new EdnsInfo(1232, [Option(cookie)]));
}
