using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>Queries that need no signature, and corners of the answers' sections.</summary>
public sealed class PublicQueryTests : IDisposable
{
    private readonly ServerHarness _server = new(isPublic: true);

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "9471§3")]
    public async Task Referral_WhoseGlueDoesNotFit_IsTruncated()
    {
        DnsName sub = _server.Name("sub");
        DnsName[] servers = [.. Enumerable.Range(0, 9).Select(i => _server.Name($"name-server-{i}.sub"))];
        await _server.AddAsync([.. servers.Select(server => Records.Ns(sub, server)), .. servers.Select(server => Records.Aaaa(server, "2001:db8::1"))]);
        DnsMessage classic = await _server.QueryAsync(_server.Name("x.sub"), DnsType.A, signed: false);
        Assert.Equal(DnsFlags.Response | DnsFlags.Truncated, classic.Flags);
        DnsMessage large = await _server.QueryAsync(_server.Name("x.sub"), DnsType.A, signed: false, edns: new EdnsInfo());
        Assert.Equal(DnsFlags.Response, large.Flags);
        Assert.Equal(9, large.Authority.Count);
        Assert.Equal(9, large.Additional.Count(record => record.Type == DnsType.AAAA));
    }

    [Fact]
    [Trait("rfc", "1034§4.3.2")]
    public async Task Delegation_AtItsOwnName_IsAReferralAndAboveItIsNot()
    {
        DnsName sub = _server.Name("a.sub");
        await _server.AddAsync(Records.Ns(sub, DnsName.Parse("ns.example.com")), Records.Ns(_server.Name("b.a.sub"), DnsName.Parse("ns.example.org")));
        foreach (DnsName name in new[] { sub, _server.Name("b.a.sub"), _server.Name("c.b.a.sub") })
        {
            foreach (DnsType type in new[] { DnsType.NS, DnsType.SOA, DnsType.ANY, DnsType.A })
            {
                DnsMessage reply = await _server.QueryAsync(name, type, signed: false);
                Assert.Equal(DnsFlags.Response, reply.Flags);
                Assert.Empty(reply.Answers);
                Assert.Equal(sub, Assert.Single(reply.Authority).Name);
            }
        }

        DnsMessage above = await _server.QueryAsync(_server.Name("sub"), DnsType.NS, signed: false);
        Assert.Equal((DnsRcode.NoError, DnsFlags.Response | DnsFlags.Authoritative), (above.Rcode, above.Flags));
        Assert.Equal(DnsType.SOA, Assert.Single(above.Authority).Type);
    }

    [Fact]
    [Trait("rfc", "4035§3.1.4.1")]
    public async Task Delegation_AskedForDs_IsOurs()
    {
        await _server.AddAsync(Records.Ns(_server.Name("sub"), DnsName.Parse("ns.example.com")));
        DnsMessage reply = await _server.QueryAsync(_server.Name("sub"), DnsType.DS, signed: false);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, reply.Flags);
        Assert.Equal(DnsType.SOA, Assert.Single(reply.Authority).Type);
        Assert.Equal(DnsFlags.Response, (await _server.QueryAsync(_server.Name("x.sub"), DnsType.DS, signed: false)).Flags);
    }

    [Fact]
    public async Task Delegation_ThatIsTakenBack_IsNone()
    {
        DnsName sub = _server.Name("sub");
        DnsRecord server = Records.Ns(sub, DnsName.Parse("ns.example.com"));
        await _server.AddAsync(server, Records.A(_server.Name("x.sub"), "192.0.2.1"));
        Assert.Empty((await _server.QueryAsync(_server.Name("x.sub"), DnsType.A, signed: false)).Answers);
        await _server.AddAsync(Records.Delete(server));
        Assert.Single((await _server.QueryAsync(_server.Name("x.sub"), DnsType.A, signed: false)).Answers);
    }

    [Fact]
    [Trait("rfc", "2308§2.2")]
    public async Task Alias_ToANameWithoutTheType_HasTheSoa()
    {
        await _server.AddAsync(Records.Cname(_server.Name("alias"), _server.Name("studio")), Records.A(_server.Name("studio"), "192.0.2.1"));
        DnsMessage reply = await _server.QueryAsync(_server.Name("alias"), DnsType.TXT, signed: false);
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(DnsType.CNAME, Assert.Single(reply.Answers).Type);
        Assert.Equal(DnsType.SOA, Assert.Single(reply.Authority).Type);
    }

    [Fact]
    [Trait("rfc", "4592§4.3")]
    public async Task Wildcard_WithAnAlias_LeadsOn()
    {
        await _server.AddAsync(Records.Cname(_server.Name("*.wild"), _server.Name("studio")), Records.A(_server.Name("studio"), "192.0.2.1"));
        DnsMessage reply = await _server.QueryAsync(_server.Name("x.y.wild"), DnsType.A, signed: false);
        Assert.Equal([_server.Name("x.y.wild"), _server.Name("studio")], reply.Answers.Select(record => record.Name));
        Assert.Equal(_server.Name("*.wild"), Assert.Single((await _server.QueryAsync(_server.Name("*.wild"), DnsType.CNAME, signed: false)).Answers).Name);
    }

    [Fact]
    public async Task Alias_ToANameThatTheKeyMayNotRead_EndsThere()
    {
        using var guest = new TsigKey(DnsName.Parse("guest"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(guest, DnsName.Parse("guest.alice.members.example.net")) { Access = ZoneAccess.Read }]);
        DnsName alias = server.Name("a.guest");
        await server.AddAsync(
            Records.Cname(alias, server.Name("secret")), Records.A(server.Name("secret"), "192.0.2.1"), Records.Srv(server.Name("s.guest"), 1, server.Name("secret")));
        Assert.Equal(2, (await server.AskAsync(ServerHarness.Query(alias, DnsType.A), server.Key)).Answers.Count);
        Assert.Single((await server.AskAsync(ServerHarness.Query(alias, DnsType.A), guest)).Answers);
        DnsMessage service = await server.AskAsync(ServerHarness.Query(server.Name("s.guest"), DnsType.SRV), guest);
        Assert.Single(service.Answers);
        Assert.DoesNotContain(service.Additional, record => record.Type == DnsType.A);
    }

    [Fact]
    [Trait("rfc", "1035§4.1.4")]
    public async Task Answer_Always_HasItsNamesCompressed()
    {
        DnsName studio = _server.Name("studio");
        await _server.AddAsync([.. Enumerable.Range(0, 10).Select(i => Records.A(studio, $"192.0.2.{i}"))]);
        byte[] query = ServerHarness.Query(studio, DnsType.A).ToArray();
        byte[]? answer = await _server.SendAsync(query);
        Assert.Equal(query.Length + (10 * (2 + 10 + 4)), answer!.Length);
    }

    [Fact]
    public async Task Query_WithRecordsInOtherSections_IsAnsweredAllTheSame()
    {
        DnsMessage query = ServerHarness.Query(_server.Apex, DnsType.SOA, new EdnsInfo()) with
        {
            Answers = [Records.A(_server.Name("x"), "192.0.2.1")],
            Authority = [Records.Txt(_server.Name("x"), "y")],
        };
        DnsMessage reply = await _server.AskAsync(query, null);
        Assert.IsType<SoaData>(Assert.Single(reply.Answers).Data);
        Assert.Empty(reply.Authority);
        Assert.NotNull(reply.Edns);
    }
}
