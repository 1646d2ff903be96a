using System.Net;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;
using Btmm.Server.Storage;
using Btmm.Server.Transfers;

namespace Btmm.Server.Tests;

/// <summary>Zone transfers to secondaries.</summary>
public sealed class TransferTests : IDisposable
{
    private readonly TsigKey _key = new(DnsName.Parse("secondary-key"), TsigAlgorithm.HmacSha256, new byte[32]);
    private readonly ServerHarness _server;

    public TransferTests() => _server = NewServer(static options => options);

    public void Dispose()
    {
        _server.Dispose();
        _key.Dispose();
    }

    [Fact, Trait("rfc", "5936§2.2")]
    public async Task Axfr_WholeZone_BeginsAndEndsWithTheSoaAndHasEachRecordOnce()
    {
        await _server.AddAsync(Records.A(_server.Name("a"), "192.0.2.1"), Records.Txt(_server.Name("b.c"), "x"));
        FakePeer peer = await AskAsync(_server, DnsType.AXFR);
        DnsMessage message = Assert.Single(Messages(peer));
        Assert.Equal(7, message.Id);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, message.Flags);
        Assert.Equal(new DnsQuestion(_server.Apex, DnsType.AXFR), Assert.Single(message.Questions));
        Assert.Equal(_server.Zone.Current.Soa, message.Answers[0]);
        Assert.Equal(_server.Zone.Current.Soa, message.Answers[^1]);
        DnsRecord[] others = [.. message.Answers.Skip(1).SkipLast(1)];
        Assert.Equal(_server.Zone.Current.Nodes.SelectMany(node => node.Records).Select(item => item.Record).Where(record => record.Type != DnsType.SOA).ToHashSet(), others.ToHashSet());
        Assert.Equal(_server.Zone.Current.RecordCount, others.Length + 1);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.FullTransfers));
    }

    [Fact, Trait("rfc", "8945§5.3.1"), Trait("rfc", "5936§2.2.1")]
    public async Task Axfr_LargeZone_IsManyMessagesEachSigned()
    {
        await AddManyAsync();
        FakePeer peer = await AskAsync(_server, DnsType.AXFR, edns: new EdnsInfo());
        DnsMessage[] messages = [.. Messages(peer)];
        Assert.InRange(messages.Length, 5, 20);
        Assert.All(messages, message => Assert.Equal((7, 1, 0), (message.Id, message.Questions.Count, message.Authority.Count)));
        Assert.NotNull(messages[0].Edns);
        Assert.All(messages.Skip(1), message => Assert.Null(message.Edns));
        Assert.Equal(_server.Zone.Current.RecordCount + 1, messages.Sum(message => message.Answers.Count));
        Assert.All(peer.Sent, bytes => Assert.InRange(bytes.Length, 100, 17_000));
    }

    [Fact, Trait("rfc", "5936§2.2.1")]
    public async Task Axfr_LargestRecords_AreSentInMessagesOfTheirOwn()
    {
        using ServerHarness server = NewServer(static options => options with { IsPublic = true });
        var data = new TxtData([.. Enumerable.Repeat(new string('x', 255), 240)]);
        foreach (string host in new[] { "a", "b" })
            Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([new DnsRecord(server.Name(host), 60, data)])).Rcode);
        FakePeer peer = await AskAsync(server, DnsType.AXFR);
        Assert.False(peer.IsAborted);
        Assert.Equal(2, Messages(peer).Sum(message => message.Answers.Count(record => record.Data.Equals(data))));
    }

    [Theory]
    [InlineData(DnsType.AXFR)]
    [InlineData(DnsType.IXFR)]
    public async Task Transfer_WithoutTheRight_IsRefused(DnsType type)
    {
        Assert.Equal(DnsRcode.Refused, await RcodeAsync(_server, Question(_server, type, serial: 1), null));
        Assert.Equal(DnsRcode.Refused, await RcodeAsync(_server, Question(_server, type, serial: 1), _server.Key));
        using ServerHarness open = NewServer(static options => options with { IsPublic = true });
        Assert.Equal(DnsRcode.Refused, await RcodeAsync(open, Question(open, type, serial: 1), null));
    }

    [Theory]
    [InlineData("198.51.100.0/24", true, true)]
    [InlineData("198.51.101.0/24", true, false)]
    [InlineData("198.51.100.0/24", false, false)]
    public async Task Axfr_WithoutKey_IsForThePublicZonesNetworks(string network, bool isPublic, bool isAllowed)
    {
        using ServerHarness server = NewServer(options => options with { IsPublic = isPublic, TransferNetworks = [IPNetwork.Parse(network)] });
        DnsRcode rcode = await RcodeAsync(server, Question(server, DnsType.AXFR), null);
        Assert.Equal(isAllowed ? DnsRcode.NoError : DnsRcode.Refused, rcode);
    }

    [Fact, Trait("rfc", "5936§2.2.1")]
    public async Task Axfr_OfNoZoneOfOurs_IsNotAuth()
    {
        DnsMessage ask = Question(_server, DnsType.AXFR) with { Questions = [new DnsQuestion(_server.Name("a"), DnsType.AXFR)] };
        Assert.Equal(DnsRcode.NotAuth, await RcodeAsync(_server, ask, _key));
    }

    [Fact, Trait("rfc", "5936§4.2")]
    public async Task Axfr_OverUdp_IsFormErr() =>
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(Question(_server, DnsType.AXFR), _key)).Rcode);

    [Fact, Trait("rfc", "1995§3")]
    public async Task Ixfr_WithoutTheClientsSoa_IsFormErr() =>
        Assert.Equal(DnsRcode.FormErr, await RcodeAsync(_server, Question(_server, DnsType.AXFR) with { Questions = [new DnsQuestion(_server.Apex, DnsType.IXFR)] }, _key));

    [Fact, Trait("rfc", "1995§4")]
    public async Task Ixfr_KnownSerial_GivesTheStepsOldestFirst()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 20).Select(i => Records.A(_server.Name($"filler-{i}"), "192.0.2.9"))]);
        DnsRecord before = _server.Zone.Current.Soa;
        DnsRecord one = Records.A(_server.Name("nezu"), "192.0.2.1");
        await _server.AddAsync(one);
        DnsRecord between = _server.Zone.Current.Soa;
        DnsRecord two = Records.A(_server.Name("nezu"), "192.0.2.2");
        await _server.AddAsync(Records.Delete(one), two);
        DnsRecord after = _server.Zone.Current.Soa;

        FakePeer peer = await AskAsync(_server, DnsType.IXFR, ((SoaData)before.Data).Serial);
        Assert.Equal([after, before, between, one, between, one, after, two, after], Assert.Single(Messages(peer)).Answers);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.IncrementalTransfers));
    }

    [Fact, Trait("rfc", "1995§4")]
    public async Task Ixfr_ChangedTtl_IsARemovalAndAnAddition()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 20).Select(i => Records.A(_server.Name($"filler-{i}"), "192.0.2.9"))]);
        DnsRecord old = Records.A(_server.Name("a"), "192.0.2.1", ttl: 60);
        await _server.AddAsync(old);
        uint serial = _server.Serial;
        await _server.AddAsync(old with { Ttl = 90 });
        DnsMessage message = Assert.Single(Messages(await AskAsync(_server, DnsType.IXFR, serial)));
        Assert.Equal([old, old with { Ttl = 90 }], message.Answers.Where(record => record.Type == DnsType.A));
    }

    [Theory, Trait("rfc", "1995§2")]
    [InlineData(0u)]
    [InlineData(5u)]
    public async Task Ixfr_SerialThatIsNotOlder_IsAnsweredByTheSoaAlone(uint later)
    {
        DnsMessage ask = Question(_server, DnsType.IXFR, _server.Serial + later);
        Assert.Equal([_server.Zone.Current.Soa], (await SendAsync(_server, ask, _key)).Answer!.Answers);
        Assert.Equal([_server.Zone.Current.Soa], (await _server.AskAsync(ask, _key)).Answers);
    }

    [Fact, Trait("rfc", "1995§4")]
    public async Task Ixfr_UnknownSerial_GivesTheWholeZone()
    {
        FakePeer peer = await AskAsync(_server, DnsType.IXFR, _server.Serial - 1000);
        DnsMessage message = Assert.Single(Messages(peer));
        Assert.Equal(DnsType.IXFR, message.Questions[0].Type);
        Assert.Equal(_server.Zone.Current.RecordCount + 1, message.Answers.Count);
        Assert.NotEqual(DnsType.SOA, message.Answers[1].Type);
    }

    [Fact, Trait("rfc", "1995§5")]
    public async Task Ixfr_LongerThanTheZone_GivesTheWholeZone()
    {
        DnsRecord[] records = [.. Enumerable.Range(0, 20).Select(i => Records.A(_server.Name($"old-{i}"), "192.0.2.1"))];
        await _server.AddAsync(records);
        uint serial = _server.Serial;
        await _server.AddAsync([.. records.Select(Records.Delete)]);
        DnsMessage message = Assert.Single(Messages(await AskAsync(_server, DnsType.IXFR, serial)));
        Assert.NotEqual(DnsType.SOA, message.Answers[1].Type);
    }

    [Fact, Trait("rfc", "1995§6")]
    public async Task Ixfr_StepsLongerThanTheZoneButNotTheirSum_IsCondensed()
    {
        uint serial = _server.Serial;
        DnsRecord coming = Records.A(_server.Name("back-and-forth"), "192.0.2.1");
        for (int i = 0; i < 10; i++)
        {
            await _server.AddAsync(coming);
            await _server.AddAsync(Records.Delete(coming));
        }

        await _server.AddAsync(Records.Txt(_server.Name("new"), "x"));
        DnsMessage message = Assert.Single(Messages(await AskAsync(_server, DnsType.IXFR, serial)));
        Assert.Equal([DnsType.SOA, DnsType.SOA, DnsType.SOA, DnsType.TXT, DnsType.SOA], message.Answers.Select(record => record.Type));
        Assert.Equal(serial, ((SoaData)message.Answers[1].Data).Serial);
        Assert.Equal(_server.Serial, ((SoaData)message.Answers[2].Data).Serial);
    }

    [Fact, Trait("rfc", "1995§2")]
    public async Task Ixfr_OverUdp_IsTheStepsWhenTheyFitAndTheSoaWhenNot()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 200).Select(i => Records.A(_server.Name($"filler-{i}"), "192.0.2.9"))]);
        uint serial = _server.Serial;
        await _server.AddAsync(Records.A(_server.Name("a"), "192.0.2.1"));
        Assert.Equal(5, (await _server.AskAsync(Question(_server, DnsType.IXFR, serial), _key)).Answers.Count);
        await _server.AddAsync([.. Enumerable.Range(0, 60).Select(i => Records.A(_server.Name($"more-{i}"), "192.0.2.9"))]);
        DnsMessage alone = await _server.AskAsync(Question(_server, DnsType.IXFR, serial), _key);
        Assert.Equal([_server.Zone.Current.Soa], alone.Answers);
        Assert.False(alone.IsTruncated);
    }

    [Fact]
    public async Task Ixfr_OverUdpWithoutSignature_IsNeverMoreThanTheSoa()
    {
        using ServerHarness server = NewServer(static options => options with { IsPublic = true, TransferNetworks = [IPNetwork.Parse("0.0.0.0/0")] });
        uint serial = server.Serial;
        await server.AddAsync(Records.A(server.Name("a"), "192.0.2.1"));
        Assert.Single((await server.AskAsync(Question(server, DnsType.IXFR, serial), null)).Answers);
    }

    [Fact]
    public async Task Transfer_WhileTheZoneChanges_IsOfOneMoment()
    {
        await AddManyAsync();
        using var peer = new FakePeer();
        peer.Stall();
        uint serial = _server.Serial;
        int count = _server.Zone.Current.RecordCount;
        Task<(DnsMessage?, FakePeer)> transfer = SendAsync(_server, Question(_server, DnsType.AXFR), _key, peer);
        await _server.AddAsync(Records.A(_server.Name("late"), "192.0.2.1"));
        peer.GoOn();
        await transfer;
        DnsRecord[] records = [.. Messages(peer).SelectMany(message => message.Answers)];
        Assert.Equal((serial, serial, count + 1), (((SoaData)records[0].Data).Serial, ((SoaData)records[^1].Data).Serial, records.Length));
    }

    [Fact]
    public async Task Transfers_MoreThanAllowedAtATime_AreServFail()
    {
        FakePeer[] peers = [.. Enumerable.Range(0, ServerHarness.MaxTransfers).Select(static _ => new FakePeer())];
        Array.ForEach(peers, static peer => peer.Stall());
        Task[] running = [.. peers.Select(peer => SendAsync(_server, Question(_server, DnsType.AXFR), _key, peer))];
        Assert.Equal(DnsRcode.ServFail, await RcodeAsync(_server, Question(_server, DnsType.AXFR), _key));
        Array.ForEach(peers, static peer => peer.GoOn());
        await Task.WhenAll(running);
        Assert.Equal(DnsRcode.NoError, await RcodeAsync(_server, Question(_server, DnsType.AXFR), _key));
    }

    [Fact]
    public void Condense_StepsThatTakeEachOtherBack_LeaveNothing()
    {
        DnsName name = DnsName.Parse("a.example.net");
        DnsRecord a = Records.A(name, "192.0.2.1");
        DnsRecord b = Records.A(name, "192.0.2.2");
        ZoneJournalEntry one = TransferRecords.Condense([new(1, 2, [a], [b]), new(2, 3, [b], [a])]);
        Assert.Equal((1u, 3u, 0, 0), (one.SerialBefore, one.SerialAfter, one.Removed.Count, one.Added.Count));
    }

    private static IEnumerable<DnsMessage> Messages(FakePeer peer) =>
        peer.Sent.Select(static bytes => DnsMessage.TryParse(bytes, out DnsMessage? message) ? message : throw new InvalidDataException());

    private async Task AddManyAsync()
    {
        foreach (int[] some in Enumerable.Range(0, 3000).Chunk(500))
            await _server.AddAsync([.. some.Select(i => Records.Txt(_server.Name($"host-{i}"), new string('x', 40)))]);
    }

    private ServerHarness NewServer(Func<ZoneOptions, ZoneOptions> change) =>
        new(extraKeys: [new ZoneKey(_key, TestZones.Alice) { Access = ZoneAccess.Transfer }], change: change);

    private static DnsMessage Question(ServerHarness server, DnsType type, uint? serial = null) => new()
    {
        Id = 7,
        Questions = [new DnsQuestion(server.Apex, type)],
        Authority = serial is null ? [] : [server.Zone.Current.Soa with { Data = (SoaData)server.Zone.Current.Soa.Data with { Serial = serial.Value } }],
    };

    private async Task<FakePeer> AskAsync(ServerHarness server, DnsType type, uint? serial = null, EdnsInfo? edns = null)
    {
        (DnsMessage? answer, FakePeer peer) = await SendAsync(server, Question(server, type, serial) with { Additional = edns is null ? [] : [edns.ToRecord()] }, _key);
        Assert.Null(answer);
        return peer;
    }

    private async Task<DnsRcode> RcodeAsync(ServerHarness server, DnsMessage ask, TsigKey? key)
    {
        (DnsMessage? answer, FakePeer peer) = await SendAsync(server, ask, key);
        return answer?.Rcode ?? Messages(peer).First().Rcode;
    }

    /// <summary>Sends a request over a connection; checks the signature of everything that comes back.</summary>
    private static async Task<(DnsMessage? Answer, FakePeer Peer)> SendAsync(ServerHarness server, DnsMessage ask, TsigKey? key, FakePeer? peer = null)
    {
        peer ??= new FakePeer("198.51.100.7");
        byte[] bytes = new byte[DnsMessage.MaxSize];
        Assert.True(ask.TryWrite(bytes, out int length));
        using TsigClientTransaction? tsig = key is null ? null : new TsigClientTransaction(key);
        if (tsig is not null)
            Assert.True(tsig.TrySignRequest(bytes, length, server.Time.GetUtcNow(), out length));
        var workspace = new RequestWorkspace();
        int written = await server.Handler.HandleAsync(bytes.AsMemory(0, length), peer.Origin, peer, workspace, CancellationToken.None);
        byte[]? answer = written == 0 ? null : workspace.Response[..written];
        foreach (byte[] message in answer is null ? peer.Sent : peer.Sent.Append(answer))
        {
            if (tsig is not null)
                Assert.Equal(TsigStatus.Valid, tsig.VerifyResponse(message, server.Time.GetUtcNow()).Status);
        }

        return (answer is null ? null : DnsMessage.TryParse(answer, out DnsMessage? reply) ? reply : throw new InvalidDataException(), peer);
    }
}
