using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Server.Tests;

/// <summary>What messages of long-lived queries carry, and which questions and changes concern whom (RFC 8764 §3 to §7).</summary>
public sealed class LlqMessageTests : IDisposable
{
    private readonly ServerHarness _server = new();
    private readonly DnsName _list;
    private readonly DnsName _studio;

    public LlqMessageTests()
    {
        _list = _server.Name("_ssh._tcp");
        _studio = _server.Name("studio");
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "8764§3.2")]
    public async Task Opt_ClassZero_SaysNothingAboutSizes()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 12).Select(i => Records.Txt(_studio, $"a text that needs more than the classic size {i}"))]);
        LlqOption offered = (await _server.AskAsync(Request(new EdnsInfo(0, [LlqRequests.Setup()])), _server.Key)).Option();
        DnsMessage answer = await _server.AskAsync(Request(new EdnsInfo(0, [offered])), _server.Key);
        Assert.Equal(12, answer.Answers.Count);
        Assert.False(answer.IsTruncated);
    }

    [Fact]
    [Trait("rfc", "8764§3.2")]
    public async Task Opt_WithOtherOptions_IsReadAllTheSame()
    {
        EdnsOption other = new UnknownOption(65_001, new byte[] { 1, 2, 3 });
        DnsMessage reply = await _server.AskAsync(Request(new EdnsInfo(other, LlqRequests.Setup(), other)), _server.Key);
        Assert.Equal(LlqError.NoError, reply.Option().Error);
    }

    [Fact]
    [Trait("rfc", "8764§3.2")]
    public async Task Opt_OfTheAnswer_HasRootNameAndVersionZero()
    {
        DnsMessage reply = await _server.AskAsync(Request(new EdnsInfo(LlqRequests.Setup())), _server.Key);
        DnsRecord opt = Assert.Single(reply.Additional, record => record.Type == DnsType.OPT);
        Assert.Equal((true, 0u), (opt.Name.IsRoot, opt.Ttl));
        Assert.Equal(LlqOption.CurrentVersion, reply.Option().Version);
    }

    [Fact]
    [Trait("rfc", "8764§4")]
    public async Task Discovery_SoaThenSrv_LeadsToTheServer()
    {
        DnsMessage soa = await _server.QueryAsync(_server.Name("_ssh._tcp.studio"), DnsType.SOA, signed: false);
        Assert.Equal(_server.Apex, Assert.Single(soa.Authority, record => record.Type == DnsType.SOA).Name);
        Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.SOA, signed: false)).Answers);
        DnsMessage srv = await _server.QueryAsync(_server.Name("_dns-llq._udp"), DnsType.SRV, signed: false);
        var data = Assert.IsType<SrvData>(Assert.Single(srv.Answers).Data);
        Assert.Equal((0, 0, 5352), (data.Priority, data.Weight, data.Port));
        Assert.Contains(srv.Additional, record => record.Name == data.Target && record.Type == DnsType.A);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.2")]
    public async Task Ids_OfManyChallenges_AreAllDifferent()
    {
        var ids = new HashSet<ulong>();
        for (int i = 0; i < 2000; i++)
            ids.Add((await _server.AskAsync(Request(new EdnsInfo(LlqRequests.Setup())), _server.Key, new IPEndPoint(ServerHarness.Client.Address, 1024 + i))).Option().Id);
        Assert.Equal(2000, ids.Count);
        Assert.DoesNotContain(0ul, ids);
        // Neither half is the same for all, as a clock's would be.
        Assert.InRange(ids.Select(id => id >> 32).Distinct().Count(), 1990, 2000);
        Assert.InRange(ids.Select(id => (uint)id).Distinct().Count(), 1990, 2000);
    }

    [Theory]
    [Trait("rfc", "8764§5.2.1")]
    [InlineData(DnsType.ANY, DnsClass.IN)]
    [InlineData(DnsType.A, DnsClass.ANY)]
    [InlineData(DnsType.A, DnsClass.NONE)]
    [InlineData(DnsType.A, (DnsClass)0)]
    [InlineData(DnsType.A, DnsClass.CH)]
    [InlineData(DnsType.MAILB, DnsClass.IN)]
    public async Task Question_ForAnythingOrOtherClasses_IsFormatErrWithRcodeZero(DnsType type, DnsClass @class)
    {
        DnsMessage request = Request(new EdnsInfo(LlqRequests.Setup())) with { Questions = [new DnsQuestion(_studio, type, @class)] };
        DnsMessage reply = await _server.AskAsync(request, _server.Key);
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.FormatErr, 0, 0), reply.Option());
    }

    [Theory]
    [Trait("rfc", "8764§5.2.1")]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public async Task Options_NotOnePerQuestion_AreAllFormatErr(int questions, int options)
    {
        DnsMessage request = new()
        {
            Questions = [.. Enumerable.Range(0, questions).Select(i => new DnsQuestion(_server.Name($"h{i}"), DnsType.A))],
            Additional = [new EdnsInfo([.. Enumerable.Repeat<EdnsOption>(LlqRequests.Setup(), options)]).ToRecord()],
        };
        DnsMessage reply = await _server.AskAsync(request, _server.Key);
        Assert.Equal(questions, reply.Edns!.Options.Count);
        Assert.All(reply.Edns.Options, option => Assert.Equal(LlqError.FormatErr, ((LlqOption)option).Error));
        Assert.Equal(0, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.4")]
    public async Task Acknowledgement_HasAdditionalRecordsWhereTheyFit()
    {
        DnsName service = _list.Prepend("studio");
        await _server.AddAsync(Records.Ptr(_list, service), Records.Srv(service, 22, _studio), Records.Txt(service, "x"), Records.Aaaa(_studio, "fd00::1"));
        DnsMessage answer = await _server.EstablishAsync(_list, DnsType.PTR, _server.Key);
        Assert.Single(answer.Answers);
        Assert.Equal([DnsType.SRV, DnsType.TXT, DnsType.AAAA], answer.Additional.Select(record => record.Type).Where(type => type is not (DnsType.OPT or DnsType.TSIG)));
    }

    [Fact]
    [Trait("rfc", "8764§5.3")]
    public async Task Answers_HaveTheirTtls()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1", ttl: 77));
        Assert.Equal(77u, Assert.Single((await _server.EstablishAsync(_studio, DnsType.A, _server.Key)).Answers).Ttl);
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Changes_OfOtherTypesOrNames_AreNotTold()
    {
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        await _server.AddAsync(Records.Aaaa(_studio, "fd00::1"), Records.A(_studio.Prepend("x"), "192.0.2.1"), Records.A(_server.Name("laptop"), "192.0.2.1"));
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Events_OfQuestionsInOtherCase_AreTold()
    {
        await _server.EstablishAsync(_server.Name("STUDIO"), DnsType.A, _server.Key);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        Assert.Single(_server.TakeEvent(out _).Answers);
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Events_MessageIds_CannotBeGuessed()
    {
        for (int i = 0; i < 200; i++)
            await _server.EstablishAsync(_studio, DnsType.A, _server.Key, new IPEndPoint(ServerHarness.Client.Address, 1024 + i));
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        ushort[] ids = [.. Enumerable.Range(0, 200).Select(_ => _server.TakeEvent(out IPEndPoint _).Id)];
        Assert.InRange(ids.Distinct().Count(), 190, 200);
        Assert.InRange(ids.Zip(ids.Skip(1)).Count(pair => (ushort)(pair.Second - pair.First) == 1), 0, 3);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.2")]
    public async Task Events_ForExpiredQueries_AreNotMade()
    {
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        _server.Time.Advance(TimeSpan.FromSeconds(LlqRequests.Lease)); // and nobody has looked yet
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Changes_InOneUpdate_AreOneEventForEachQuestion()
    {
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        await _server.EstablishAsync(_studio, DnsType.TXT, _server.Key);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"), Records.Txt(_studio, "x"), Records.A(_studio, "192.0.2.2"));
        DnsMessage[] events = [_server.TakeEvent(out _), _server.TakeEvent(out _)];
        Assert.False(_server.Llq.TryTakeOutput(out _));
        Assert.Equal([1, 2], events.Select(happened => happened.Answers.Count).Order());
    }

    [Fact]
    [Trait("rfc", "8764§7.1")]
    public async Task Refresh_OfSeveralAtOnce_IsAnsweredOneByOne()
    {
        ulong a = (await _server.EstablishAsync(_studio, DnsType.A, _server.Key)).Option().Id;
        ulong b = (await _server.EstablishAsync(_studio, DnsType.TXT, _server.Key)).Option().Id;
        DnsMessage request = new()
        {
            Questions = [new(_studio, DnsType.A), new(_studio, DnsType.TXT), new(_studio, DnsType.SRV)],
            Additional = [new EdnsInfo(LlqRequests.Refresh(a, 7200), LlqRequests.Refresh(b, 0), LlqRequests.Refresh(77)).ToRecord()],
        };
        DnsMessage reply = await _server.AskAsync(request, _server.Key);
        Assert.Equal(
            [
                new LlqOption(LlqOpcode.Refresh, LlqError.NoError, a, 7200),
                new LlqOption(LlqOpcode.Refresh, LlqError.NoError, b, 0),
                new LlqOption(LlqOpcode.Refresh, LlqError.NoSuchLlq, 77, 0),
            ],
            reply.Edns!.Options);
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§7.2")]
    public async Task Refresh_WhileAnEventIsOnItsWay_LeavesItThere()
    {
        ulong id = (await _server.EstablishAsync(_studio, DnsType.A, _server.Key)).Option().Id;
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage happened = _server.TakeEvent(out IPEndPoint client);
        await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Refresh(id)), _server.Key);
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(happened.Id, _server.TakeEvent(out _).Id);
        await _server.AcknowledgeAsync(happened, client);
        _server.Advance(TimeSpan.FromSeconds(30));
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    private DnsMessage Request(EdnsInfo edns) => ServerHarness.Query(_studio, DnsType.TXT, edns);
}
