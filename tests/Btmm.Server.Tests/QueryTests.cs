using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>QUERY through the whole request path.</summary>
public sealed class QueryTests : IDisposable
{
    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;

    public QueryTests() => _studio = _server.Name("studio");

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "1034§4.3.2")]
    public async Task Query_ExistingSet_IsAuthoritativeAndEchoesTheQuestion()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"), Records.A(_studio, "192.0.2.2"));
        DnsMessage query = ServerHarness.Query(DnsName.Parse("STUDIO.alice.MEMBERS.example.net"), DnsType.A) with { Flags = DnsFlags.RecursionDesired };
        DnsMessage reply = await _server.AskAsync(query, _server.Key);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative | DnsFlags.RecursionDesired, reply.Flags);
        Assert.Equal(2, reply.Answers.Count);
        Assert.Equal("STUDIO", Assert.Single(reply.Questions).Name.FirstLabel);
    }

    [Fact]
    [Trait("rfc", "2308§2")]
    public async Task Query_AbsentNameOrType_IsNegativeWithSoa()
    {
        await _server.AddAsync(Records.Txt(_server.Name("a.b.c"), "x"));
        DnsMessage absentName = await _server.QueryAsync(_server.Name("nothing"), DnsType.A);
        Assert.Equal(DnsRcode.NXDomain, absentName.Rcode);
        DnsMessage absentType = await _server.QueryAsync(_server.Name("a.b.c"), DnsType.A);
        Assert.Equal(DnsRcode.NoError, absentType.Rcode);
        DnsMessage emptyNonTerminal = await _server.QueryAsync(_server.Name("b.c"), DnsType.A);
        Assert.Equal(DnsRcode.NoError, emptyNonTerminal.Rcode);
        foreach (DnsMessage reply in new[] { absentName, absentType, emptyNonTerminal })
        {
            Assert.Empty(reply.Answers);
            DnsRecord soa = Assert.Single(reply.Authority);
            Assert.Equal(Math.Min(_server.Zone.Current.Soa.Ttl, ((SoaData)soa.Data).Minimum), soa.Ttl);
        }
    }

    [Fact]
    [Trait("rfc", "2308§2")]
    public async Task EmptyNonTerminals_GoWithTheLastNameBelow()
    {
        DnsRecord one = Records.Txt(_server.Name("a.b.c"), "x");
        DnsRecord two = Records.Txt(_server.Name("d.c"), "x");
        await _server.AddAsync(one, two);
        await _server.AddAsync(Records.Delete(one));
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_server.Name("b.c"), DnsType.A)).Rcode);
        Assert.Equal(DnsRcode.NoError, (await _server.QueryAsync(_server.Name("c"), DnsType.A)).Rcode);
        await _server.AddAsync(Records.Delete(two));
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_server.Name("c"), DnsType.A)).Rcode);
    }

    [Fact]
    [Trait("rfc", "1034§3.6.2")]
    public async Task Query_Cname_IsFollowedInsideTheZoneAndLoopsEnd()
    {
        DnsName alias = _server.Name("alias");
        DnsName loop = _server.Name("loop");
        await _server.AddAsync(Records.Cname(alias, _studio), Records.A(_studio, "192.0.2.1"), Records.Cname(loop, _server.Name("loop2")), Records.Cname(_server.Name("loop2"), loop));
        Assert.Equal([DnsType.CNAME, DnsType.A], (await _server.QueryAsync(alias, DnsType.A)).Answers.Select(record => record.Type));
        Assert.Equal([DnsType.CNAME], (await _server.QueryAsync(alias, DnsType.CNAME)).Answers.Select(record => record.Type));
        Assert.Equal(2, (await _server.QueryAsync(loop, DnsType.A)).Answers.Count);
        await _server.AddAsync(Records.Cname(_server.Name("out"), DnsName.Parse("www.example.com")), Records.Cname(_server.Name("dead"), _server.Name("none")));
        Assert.Equal(DnsRcode.NoError, (await _server.QueryAsync(_server.Name("out"), DnsType.A)).Rcode);
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_server.Name("dead"), DnsType.A)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2782")]
    public async Task Query_SrvAndPtr_BringWhatComesNext()
    {
        DnsName service = _studio.PrependLabels("_autotunnel._udp");
        DnsName target = _server.Name("AutoTunnel-00-22-69-FF-FE-8E-34-2A");
        DnsName list = _server.Name("_autotunnel._udp");
        await _server.AddAsync(Records.Srv(service, 40500, target), Records.A(target, "192.0.2.1"), Records.Aaaa(target, "fd00::1"), Records.Ptr(list, service));
        Assert.Equal([DnsType.A, DnsType.AAAA], Additional(await _server.QueryAsync(service, DnsType.SRV)));
        Assert.Equal([DnsType.SRV, DnsType.A, DnsType.AAAA], Additional(await _server.QueryAsync(list, DnsType.PTR)));
    }

    [Fact]
    [Trait("rfc", "1034§4.2.1")]
    public async Task Query_BelowADelegation_IsAReferralWithGlue()
    {
        DnsName sub = _server.Name("sub");
        DnsName server = _server.Name("ns1.sub");
        await _server.AddAsync(Records.Ns(sub, server), Records.A(server, "192.0.2.8"));
        DnsMessage reply = await _server.QueryAsync(_server.Name("x.y.sub"), DnsType.A);
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(DnsFlags.Response, reply.Flags);
        Assert.Empty(reply.Answers);
        Assert.Equal(DnsType.NS, Assert.Single(reply.Authority).Type);
        Assert.Equal([DnsType.A], Additional(reply));
    }

    [Fact]
    [Trait("rfc", "4592§3.3.1")]
    public async Task Query_Wildcard_AnswersForNamesThatDoNotExist()
    {
        await _server.AddAsync(Records.Txt(_server.Name("*.wild"), "x"), Records.A(_server.Name("real.wild"), "192.0.2.1"));
        DnsRecord record = Assert.Single((await _server.QueryAsync(_server.Name("any.wild"), DnsType.TXT)).Answers);
        Assert.Equal(_server.Name("any.wild"), record.Name);
        Assert.Equal(DnsRcode.NoError, (await _server.QueryAsync(_server.Name("any.wild"), DnsType.A)).Rcode);
        Assert.Empty((await _server.QueryAsync(_server.Name("real.wild"), DnsType.TXT)).Answers);
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_server.Name("below.real.wild"), DnsType.TXT)).Rcode);
    }

    [Fact]
    [Trait("rfc", "8482§4.1")]
    public async Task Query_Any_GivesOneSet()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"), Records.Txt(_studio, "x"));
        Assert.Single((await _server.QueryAsync(_studio, DnsType.ANY)).Answers);
    }

    [Fact]
    public async Task Query_UnsignedForAccountRecords_IsRefusedWhetherTheyExistOrNot()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        foreach (DnsName name in new[] { _studio, _server.Name("nothing") })
        {
            DnsMessage reply = await _server.QueryAsync(name, DnsType.A, signed: false);
            Assert.Equal(DnsRcode.Refused, reply.Rcode);
            Assert.Empty(reply.Answers.Concat(reply.Authority));
        }

        Assert.Equal(DnsRcode.Refused, (await _server.QueryAsync(_server.Apex, DnsType.ANY, signed: false)).Rcode);
    }

    [Fact]
    [Trait("rfc", "8764§4")]
    public async Task Query_UnsignedForDiscovery_IsAnswered()
    {
        Assert.Equal(DnsType.SOA, Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false)).Answers).Type);
        Assert.Equal(DnsType.NS, Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.NS, signed: false)).Answers).Type);
        foreach ((string name, ushort port) in new[] { ("_dns-update._udp", (ushort)53), ("_dns-llq._udp", (ushort)5352) })
        {
            DnsMessage reply = await _server.QueryAsync(_server.Name(name), DnsType.SRV, signed: false);
            Assert.Equal(new SrvData(0, 0, port, _server.Name("ns")), Assert.Single(reply.Answers).Data);
            Assert.Equal([DnsType.A], Additional(reply));
        }

        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(_server.Name("_dns-push-tls._tcp"), DnsType.SRV, signed: false)).Rcode);
        Assert.Single((await _server.QueryAsync(_server.Name("ns"), DnsType.A, signed: false)).Answers);
    }

    [Fact]
    [Trait("rfc", "8764§4")]
    public async Task Query_UnsignedForTheZoneOfAName_TellsTheZoneButNotWhetherTheNameExists()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        foreach (DnsName name in new[] { _studio, _server.Name("nothing") })
        {
            DnsMessage reply = await _server.QueryAsync(name, DnsType.SOA, signed: false);
            Assert.Equal(DnsRcode.NoError, reply.Rcode);
            Assert.Equal(_server.Apex, Assert.Single(reply.Authority).Name);
        }
    }

    [Theory]
    [InlineData("www.example.com", DnsType.A, DnsRcode.Refused)]
    [InlineData("members.example.net", DnsType.SOA, DnsRcode.Refused)]
    [InlineData(".", DnsType.NS, DnsRcode.Refused)]
    [InlineData("alice.members.example.net", DnsType.AXFR, DnsRcode.Refused)]
    [InlineData("alice.members.example.net", DnsType.IXFR, DnsRcode.Refused)]
    [InlineData("alice.members.example.net", DnsType.OPT, DnsRcode.FormErr)]
    [InlineData("alice.members.example.net", DnsType.TSIG, DnsRcode.FormErr)]
    [InlineData("alice.members.example.net", DnsType.MAILB, DnsRcode.NotImp)]
    [InlineData("alice.members.example.net", DnsType.TKEY, DnsRcode.NotImp)]
    public async Task Query_WhatWeDoNotAnswer_GetsItsCode(string name, DnsType type, DnsRcode rcode) =>
        Assert.Equal(rcode, (await _server.QueryAsync(DnsName.Parse(name), type)).Rcode);

    [Fact]
    public async Task Query_OddForms_GetTheirCodes()
    {
        DnsMessage good = ServerHarness.Query(_studio, DnsType.A);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(good with { Questions = [] }, _server.Key)).Rcode);
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(good with { Questions = [good.Questions[0], good.Questions[0]] }, _server.Key)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await _server.AskAsync(good with { Questions = [good.Questions[0] with { Class = DnsClass.CH }] }, _server.Key)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await _server.AskAsync(good with { Questions = [good.Questions[0] with { Class = DnsClass.ANY }] }, _server.Key)).Rcode);
        foreach (DnsOpcode opcode in new[] { DnsOpcode.Status, DnsOpcode.Notify, DnsOpcode.Dso, (DnsOpcode)1, (DnsOpcode)15 })
            Assert.Equal(DnsRcode.NotImp, (await _server.AskAsync(good with { Opcode = opcode }, null)).Rcode);
    }

    [Fact]
    [Trait("rfc", "6891§6.1.3")]
    public async Task Edns_NewerVersion_IsBadVers()
    {
        DnsMessage reply = await _server.QueryAsync(_studio, DnsType.A, edns: new EdnsInfo(1232, [], Version: 1));
        Assert.Equal(DnsRcode.BadVers, reply.ExtendedRcode);
        Assert.Equal(0, reply.Edns!.Version);
    }

    [Fact]
    [Trait("rfc", "6891§7")]
    public async Task Edns_InTheRequest_IsInTheAnswerAndOnlyThen()
    {
        Assert.NotNull((await _server.QueryAsync(_server.Apex, DnsType.SOA, edns: new EdnsInfo())).Edns);
        Assert.Null((await _server.QueryAsync(_server.Apex, DnsType.SOA)).Edns);
        Assert.NotNull((await _server.QueryAsync(_studio, DnsType.A, signed: false, edns: new EdnsInfo())).Edns);
    }

    [Fact]
    [Trait("rfc", "8945§5.3")]
    public async Task Answer_TooLongForUdp_IsTruncatedSignedAndCompleteOverTcp()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 60).Select(i => Records.Txt(_studio, $"number {i} of a long list"))]);
        DnsMessage classic = await _server.QueryAsync(_studio, DnsType.TXT);
        Assert.True(classic.IsTruncated);
        Assert.Empty(classic.Answers);
        DnsMessage edns = await _server.QueryAsync(_studio, DnsType.TXT, edns: new EdnsInfo(4096, []));
        Assert.True(edns.IsTruncated);
        DnsMessage stream = await _server.QueryAsync(_studio, DnsType.TXT, stream: true);
        Assert.False(stream.IsTruncated);
        Assert.Equal(60, stream.Answers.Count);
    }

    [Theory]
    [InlineData(0, 1232)]
    [InlineData(100, 512)]
    [InlineData(600, 600)]
    [InlineData(65535, 1232)]
    public async Task Answer_OverUdp_KeepsWithinTheSizeAskedFor(int size, int limit)
    {
        await _server.AddAsync([.. Enumerable.Range(0, 200).Select(i => Records.A(_server.Name($"h{i}"), $"192.0.2.{i}")), .. Enumerable.Range(0, 200).Select(i => Records.Srv(_studio, (ushort)i, _server.Name($"h{i}")))]);
        byte[] buffer = new byte[2048];
        Assert.True(ServerHarness.Query(_studio, DnsType.SRV, new EdnsInfo((ushort)size, [])).TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(_server.Key);
        Assert.True(tsig.TrySignRequest(buffer, length, _server.Time.GetUtcNow(), out length));
        byte[]? answer = await _server.SendAsync(buffer[..length]);
        Assert.InRange(answer!.Length, 1, limit);
    }

    private static IEnumerable<DnsType> Additional(DnsMessage message) =>
        message.Additional.Select(record => record.Type).Where(type => type is not (DnsType.TSIG or DnsType.OPT));
}
