using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.LongLivedQueries;

namespace Btmm.Server.Tests;

/// <summary>Long-lived queries (RFC 8764), the server's side, on a virtual clock and without a network.</summary>
public sealed class LlqTests : IDisposable
{
    private readonly ServerHarness _server = new();
    private readonly DnsName _list;

    public LlqTests() => _list = _server.Name("_autotunnel._udp");

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "8764§5.2")]
    public async Task SetUp_FourWay_GivesIdLeaseAndAnswers()
    {
        await AddHostAsync("studio");
        // --> set-up request; <-- challenge
        DnsMessage challenge = await SetUpAsync(0, 3600);
        LlqOption offered = Option(challenge);
        Assert.Equal((LlqOpcode.Setup, LlqError.NoError, 3600u), (offered.Opcode, offered.Error, offered.Lease));
        Assert.NotEqual(0ul, offered.Id);
        Assert.Empty(challenge.Answers);
        Assert.Equal(0, _server.Llq.Count);
        // --> challenge response; <-- acknowledgement and answers
        DnsMessage ack = await SetUpAsync(offered.Id, offered.Lease);
        Assert.Equal(offered, Option(ack));
        Assert.Single(ack.Answers);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, ack.Flags);
        Assert.Equal(1, _server.Llq.Count);
        AssertNoOutput();
    }

    [Theory]
    [Trait("rfc", "8764§5.2.2")]
    [InlineData(0u, 900u)]
    [InlineData(899u, 900u)]
    [InlineData(7200u, 7200u)]
    [InlineData(uint.MaxValue, 7200u)]
    public async Task SetUp_Lease_IsKeptWithinBounds(uint asked, uint granted) =>
        Assert.Equal(granted, Option(await SetUpAsync(0, asked)).Lease);

    [Fact]
    [Trait("rfc", "8764§5.1")]
    public async Task SetUp_RepeatedMessages_AreAnsweredAlike()
    {
        LlqOption first = Option(await SetUpAsync(0, 3600));
        Assert.Equal(first, Option(await SetUpAsync(0, 3600)));
        Assert.Equal(first, Option(await SetUpAsync(first.Id, first.Lease)));
        _server.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(first with { Lease = 3596 }, Option(await SetUpAsync(first.Id, first.Lease)));
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.4")]
    public async Task SetUp_EchoThatDoesNotMatch_IsNotEstablished()
    {
        LlqOption offered = Option(await SetUpAsync(0, 3600));
        Assert.Equal(LlqError.NoSuchLlq, Option(await SetUpAsync(offered.Id ^ 1, offered.Lease)).Error);
        Assert.Equal(LlqError.NoSuchLlq, Option(await SetUpAsync(offered.Id, offered.Lease + 1)).Error);
        Assert.Equal(LlqError.NoSuchLlq, Option(await SetUpAsync(offered.Id, offered.Lease, client: new IPEndPoint(ServerHarness.Client.Address, 40_001))).Error);
        Assert.Equal(LlqError.NoSuchLlq, Option(await SetUpAsync(offered.Id, offered.Lease, type: DnsType.SRV)).Error);
        Assert.Equal(0, _server.Llq.Count);
        _server.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(LlqError.NoSuchLlq, Option(await SetUpAsync(offered.Id, offered.Lease)).Error);
    }

    [Fact]
    [Trait("rfc", "8764§5.1")]
    public async Task SetUp_ResponseAfterThirtySeconds_IsStillGood()
    {
        LlqOption offered = Option(await SetUpAsync(0, 3600));
        _server.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(LlqError.NoError, Option(await SetUpAsync(offered.Id, offered.Lease)).Error);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.1")]
    public async Task SetUp_SameQuestionAgain_ReplacesTheFirst()
    {
        LlqOption first = await EstablishAsync();
        _server.Advance(TimeSpan.FromMinutes(5));
        LlqOption second = await EstablishAsync();
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(1, _server.Llq.Count);
        Assert.Equal(LlqError.NoSuchLlq, Option(await RefreshAsync(first.Id, 3600)).Error);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.2")]
    public async Task SetUp_BadVersionAndForms_HaveTheirErrorInTheOptionOnly()
    {
        DnsMessage badVersion = await _server.AskAsync(Request(_list, DnsType.PTR, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600, Version: 2)), _server.Key);
        Assert.Equal((DnsRcode.NoError, LlqError.BadVers, 0ul, 0u), (badVersion.Rcode, Option(badVersion).Error, Option(badVersion).Id, Option(badVersion).Lease));
        foreach (DnsMessage bad in new[]
                 {
                     Request(_list, DnsType.ANY, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600)),
                     Request(_list, DnsType.PTR, new LlqOption((LlqOpcode)9, LlqError.NoError, 0, 3600)),
                     Request(_list, DnsType.PTR, new LlqOption(LlqOpcode.Event, LlqError.NoError, 5, 3600)),
                     Request(_list, DnsType.PTR, new UnknownOption(LlqOption.OptionCode, new byte[17])),
                     Request(_list, DnsType.PTR, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 1), new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 1)),
                 })
        {
            DnsMessage reply = await _server.AskAsync(bad, _server.Key);
            Assert.Equal(DnsRcode.NoError, reply.Rcode);
            Assert.Equal((LlqError.FormatErr, 0ul, 0u), (Option(reply).Error, Option(reply).Id, Option(reply).Lease));
        }
    }

    [Fact]
    [Trait("rfc", "8764§5.2.1")]
    public async Task SetUp_SeveralQuestions_SucceedAndFailOneByOne()
    {
        await AddHostAsync("studio");
        DnsQuestion[] questions = [new(_list, DnsType.PTR), new(_list, DnsType.ANY), new(_server.Name("studio"), DnsType.AAAA)];
        var ask = new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600);
        DnsMessage challenge = await _server.AskAsync(new DnsMessage { Questions = questions, Additional = [new EdnsInfo(ask, ask, ask).ToRecord()] }, _server.Key);
        LlqOption[] options = [.. challenge.Edns!.Options.Cast<LlqOption>()];
        Assert.Equal([LlqError.NoError, LlqError.FormatErr, LlqError.NoError], options.Select(option => option.Error));
        Assert.Equal(questions, challenge.Questions);

        DnsQuestion[] good = [questions[0], questions[2]];
        DnsMessage ack = await _server.AskAsync(new DnsMessage { Questions = good, Additional = [new EdnsInfo(options[0], options[2]).ToRecord()] }, _server.Key);
        Assert.Equal([DnsType.PTR, DnsType.AAAA], ack.Answers.Select(record => record.Type));
        Assert.Equal(2, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.2")]
    public async Task SetUp_OfDiscoveryRecords_IsStaticAndLeavesNoState()
    {
        foreach (TsigKey? key in new[] { null, _server.Key })
        {
            DnsMessage reply = await _server.AskAsync(Request(_server.Name("_dns-llq._udp"), DnsType.SRV, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600)), key);
            Assert.Equal((LlqError.Static, 0ul, 0u), (Option(reply).Error, Option(reply).Id, Option(reply).Lease));
            Assert.Single(reply.Answers);
        }

        Assert.Equal(0, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task SetUp_BeyondALimit_IsServFullWithATimeToComeAgain()
    {
        using var server = new ServerHarness(new ZoneServiceLimits { MaxLongLivedQueriesPerClient = 2, LongLivedQueryRetryAfter = TimeSpan.FromSeconds(77) });
        for (int i = 0; i < 2; i++)
            await EstablishAsync(server, $"h{i}");
        DnsMessage full = await server.AskAsync(Request(server.Name("h2"), DnsType.A, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600)), server.Key);
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.ServFull, 0, 77), Option(full));
        // Asking again for what it has, and other clients, are not turned away.
        await EstablishAsync(server, "h1");
        await EstablishAsync(server, "h2", new IPEndPoint(IPAddress.Parse("198.51.100.8"), 40_000));
        Assert.Equal(3, server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§7")]
    public async Task Refresh_Established_ProlongsAndGivesNoAnswers()
    {
        await AddHostAsync("studio");
        LlqOption established = await EstablishAsync();
        _server.Advance(TimeSpan.FromSeconds(3000));
        DnsMessage reply = await RefreshAsync(established.Id, 3600);
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, established.Id, 3600), Option(reply));
        Assert.Empty(reply.Answers);
        _server.Advance(TimeSpan.FromSeconds(3599));
        Assert.Equal(1, _server.Llq.Count);
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _server.Llq.Count);
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoSuchLlq, established.Id, 0), Option(await RefreshAsync(established.Id, 3600)));
    }

    [Fact]
    [Trait("rfc", "8764§7.1")]
    public async Task Refresh_LeaseZero_EndsTheQuery()
    {
        LlqOption established = await EstablishAsync();
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, established.Id, 0), Option(await RefreshAsync(established.Id, 0)));
        Assert.Equal(0, _server.Llq.Count);
        await AddHostAsync("studio");
        AssertNoOutput();
        Assert.Equal(LlqError.NoSuchLlq, Option(await RefreshAsync(established.Id, 0)).Error);
    }

    [Fact]
    [Trait("rfc", "8764§8.3")]
    public async Task Refresh_FromElsewhereOrByAnotherKey_FindsNothing()
    {
        var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(narrow, _list)]);
        LlqOption established = await EstablishAsync(server, "_autotunnel._udp", type: DnsType.PTR);
        DnsMessage end = Request(_list, DnsType.PTR, new LlqOption(LlqOpcode.Refresh, LlqError.NoError, established.Id, 0));
        Assert.Equal(LlqError.NoSuchLlq, Option(await server.AskAsync(end, narrow)).Error);
        Assert.Equal(LlqError.NoSuchLlq, Option(await server.AskAsync(end, server.Key, new IPEndPoint(ServerHarness.Client.Address, 1))).Error);
        Assert.Equal(1, server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Events_AddAndRemove_AreSentToTheSubscriberOnly()
    {
        LlqOption established = await EstablishAsync();
        await EstablishAsync(_server, "other", new IPEndPoint(IPAddress.Parse("198.51.100.9"), 5));
        await AddHostAsync("studio");
        DnsMessage added = TakeEvent();
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, added.Flags);
        Assert.Equal(new LlqOption(LlqOpcode.Event, LlqError.NoError, established.Id, 0), Option(added));
        Assert.Equal(new DnsQuestion(_list, DnsType.PTR), Assert.Single(added.Questions));
        Assert.Equal(120u, Assert.Single(added.Answers).Ttl);
        await AcknowledgeAsync(added);
        AssertNoOutput();

        await _server.AddAsync(Records.DeleteSet(_list, DnsType.PTR));
        DnsMessage removed = TakeEvent();
        Assert.Equal(uint.MaxValue, Assert.Single(removed.Answers).Ttl);
        Assert.Equal(added.Answers[0].Data, removed.Answers[0].Data);
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Events_Unacknowledged_AreSentThreeTimesAndThenTheQueryEnds()
    {
        await EstablishAsync();
        await AddHostAsync("studio");
        byte[] first = TakeBytes();
        foreach (int wait in new[] { 2, 4 })
        {
            _server.Advance(TimeSpan.FromSeconds(wait) - TimeSpan.FromMilliseconds(1));
            AssertNoOutput();
            _server.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(first, TakeBytes());
        }

        _server.Advance(TimeSpan.FromMilliseconds(7999));
        Assert.Equal(1, _server.Llq.Count);
        _server.Advance(TimeSpan.FromMilliseconds(1));
        AssertNoOutput();
        Assert.Equal(0, _server.Llq.Count);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.EventsUnanswered));
        Assert.Null(_server.Llq.NextTimeout);
    }

    [Fact]
    [Trait("rfc", "8764§6.3")]
    public async Task Acknowledgement_WithWrongIdOrAddress_IsIgnored()
    {
        await EstablishAsync();
        await AddHostAsync("studio");
        DnsMessage sent = TakeEvent();
        await AcknowledgeAsync(sent with { Id = (ushort)(sent.Id + 1) });
        await AcknowledgeAsync(sent, new IPEndPoint(ServerHarness.Client.Address, 40_001));
        LlqOption option = Option(sent);
        await AcknowledgeAsync(sent with { Additional = [new EdnsInfo(option with { Id = option.Id + 1 }).ToRecord()] });
        await AcknowledgeAsync(sent with { Additional = [new EdnsInfo(option with { Opcode = LlqOpcode.Refresh }).ToRecord()] });
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(sent.Id, TakeEvent().Id);
        await AcknowledgeAsync(sent);
        _server.Advance(TimeSpan.FromSeconds(60));
        AssertNoOutput();
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Changes_WhileAnEventIsOnItsWay_FollowInOneEventWithWhatIsLeftOfThem()
    {
        await EstablishAsync();
        await AddHostAsync("a");
        DnsMessage first = TakeEvent();
        await AddHostAsync("b");
        await AddHostAsync("c");
        await _server.AddAsync(Records.Delete(Pointer("b")), Records.Delete(Pointer("a")));
        AssertNoOutput();
        await AcknowledgeAsync(first);
        DnsMessage second = TakeEvent();
        Assert.Equal([uint.MaxValue, 120u], second.Answers.Select(record => record.Ttl));
        Assert.Equal([Pointer("a").Data, Pointer("c").Data], second.Answers.Select(record => record.Data));
        await AcknowledgeAsync(second);
        AssertNoOutput();
    }

    [Fact]
    public async Task Changes_ThatCancelOut_MakeNoEvent()
    {
        await AddHostAsync("studio");
        await EstablishAsync();
        await _server.AddAsync(Records.DeleteSet(_list, DnsType.PTR), Pointer("studio"));
        await _server.AddAsync(Pointer("studio") with { Ttl = 60 });
        AssertNoOutput();
    }

    [Fact]
    [Trait("rfc", "8764§6.2")]
    public async Task LeaseEnd_OfARecord_IsARemoveEvent()
    {
        await _server.UpdateAsync([Pointer("studio")], lease: new UpdateLeaseOption(1800));
        await EstablishAsync();
        _server.Advance(TimeSpan.FromSeconds(1800));
        Assert.Equal(uint.MaxValue, Assert.Single(TakeEvent().Answers).Ttl);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.4")]
    public async Task Answers_ThatDoNotFit_FollowAsEvents()
    {
        string[] hosts = [.. Enumerable.Range(0, 80).Select(i => $"host-with-a-rather-long-name-{i}")];
        await _server.AddAsync([.. hosts.Select(Pointer)]);
        LlqOption offered = Option(await SetUpAsync(0, 3600));
        DnsMessage ack = await SetUpAsync(offered.Id, offered.Lease);
        var told = ack.Answers.Select(record => record.Data).ToList();
        Assert.InRange(told.Count, 1, hosts.Length - 1);
        AssertNoOutput();
        _server.Advance(TimeSpan.FromSeconds(1));
        while (told.Count < hosts.Length)
        {
            DnsMessage more = TakeEvent();
            Assert.All(more.Answers, record => Assert.Equal(120u, record.Ttl));
            told.AddRange(more.Answers.Select(record => record.Data));
            await AcknowledgeAsync(more);
        }

        AssertNoOutput();
        Assert.Equal(hosts.Length, told.Distinct().Count());
    }

    [Fact]
    public async Task Records_LargerThanAPacket_GoAlone()
    {
        await EstablishAsync(_server, "big", type: DnsType.TXT);
        var big = new DnsRecord(_server.Name("big"), 120, new Protocol.Dns.Data.TxtData([.. Enumerable.Repeat(new string('x', 250), 8)]));
        await _server.AddAsync(big, Records.Txt(_server.Name("big"), "small"));
        DnsMessage first = TakeEvent();
        await AcknowledgeAsync(first);
        DnsMessage second = TakeEvent();
        Assert.Equal(2, first.Answers.Concat(second.Answers).Select(record => record.Data).Distinct().Count());
    }

    [Fact]
    public async Task Events_ManySubscribers_AreFoundThroughTheIndex()
    {
        for (int i = 0; i < 300; i++)
            await EstablishAsync(_server, $"h{i}", new IPEndPoint(IPAddress.Parse("198.51.100.9"), 1000 + i));
        await _server.AddAsync(Records.A(_server.Name("h123"), "192.0.2.1"));
        Assert.True(_server.Llq.TryTakeOutput(out LlqOutput output));
        Assert.Equal(1123, output.Client.EndPoint.Port);
        AssertNoOutput();
    }

    private DnsRecord Pointer(string host) => Records.Ptr(_list, _list.Parent.Parent.Prepend(host).PrependLabels("_autotunnel._udp"));

    private Task AddHostAsync(string host) => _server.AddAsync(Pointer(host), Records.Aaaa(_server.Name(host), "fd00::1"));

    private static LlqOption Option(DnsMessage message) => Assert.IsType<LlqOption>(Assert.Single(message.Edns!.Options));

    private static DnsMessage Request(DnsName name, DnsType type, params EdnsOption[] options) => ServerHarness.Query(name, type, new EdnsInfo(options));

    private Task<DnsMessage> SetUpAsync(ulong id, uint lease, DnsType type = DnsType.PTR, IPEndPoint? client = null) =>
        _server.AskAsync(Request(_list, type, new LlqOption(LlqOpcode.Setup, LlqError.NoError, id, lease)), _server.Key, client);

    private Task<DnsMessage> RefreshAsync(ulong id, uint lease) =>
        _server.AskAsync(Request(_list, DnsType.PTR, new LlqOption(LlqOpcode.Refresh, LlqError.NoError, id, lease)), _server.Key);

    private Task<LlqOption> EstablishAsync() => EstablishAsync(_server, "_autotunnel._udp", type: DnsType.PTR);

    private static async Task<LlqOption> EstablishAsync(ServerHarness server, string name, IPEndPoint? client = null, DnsType type = DnsType.A)
    {
        DnsMessage challenge = await server.AskAsync(Request(server.Name(name), type, new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600)), server.Key, client);
        LlqOption offered = Option(challenge);
        DnsMessage ack = await server.AskAsync(Request(server.Name(name), type, offered), server.Key, client);
        Assert.Equal(LlqError.NoError, Option(ack).Error);
        return Option(ack);
    }

    private byte[] TakeBytes()
    {
        Assert.True(_server.Llq.TryTakeOutput(out LlqOutput output), "No event was sent.");
        Assert.Equal(ServerHarness.Client, output.Client.EndPoint);
        byte[] buffer = new byte[DnsMessage.MaxSize];
        return buffer[..output.Write(buffer)];
    }

    private DnsMessage TakeEvent()
    {
        byte[] bytes = TakeBytes();
        var verifier = new TsigServerTransaction();
        Assert.Equal(TsigStatus.Valid, verifier.Verify(bytes, new TsigKeyRing(_server.Key), _server.Time.GetUtcNow()));
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? message));
        return message;
    }

    private void AssertNoOutput() => Assert.False(_server.Llq.TryTakeOutput(out _), "An event was sent.");

    private async Task AcknowledgeAsync(DnsMessage sent, IPEndPoint? client = null) =>
        Assert.Null(await _server.SendAsync((sent with { Answers = [] }).ToArray(), client));
}
