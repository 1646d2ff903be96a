using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Tests.Dns;

public sealed class DnsClientTests
{
    private static readonly DnsRecord s_record = new(DnsTestNet.Name, 60, new AData(IPAddress.Parse("203.0.113.1")));

    [Fact]
    public async Task Query_Answered_GivesTheAnswer()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request, answers: s_record)];
        DnsReply reply = await net.QueryAsync();
        Assert.Equal([s_record], reply.Message.Answers);
        Assert.Equal((net.Server.EndPoint, false), (reply.Server, reply.IsSigned));
        DnsMessage request = Assert.Single(net.Server.Requests).Message;
        Assert.Equal((DnsFlags.RecursionDesired, 1232), (request.Flags, request.Edns!.UdpPayloadSize));
    }

    [Fact]
    public async Task Query_LostTwice_IsSentAgainAfterOneAndTwoSeconds()
    {
        await using var net = new DnsTestNet();
        int seen = 0;
        net.Server.Answer = request => ++seen < 3 ? [] : [FakeNameServer.Reply(request, answers: s_record)];
        Task<DnsReply> query = net.QueryAsync();
        await net.StepAsync(TimeSpan.FromSeconds(1));
        await net.StepAsync(TimeSpan.FromSeconds(2));
        Assert.Equal([s_record], (await query).Message.Answers);
        Assert.Equal(3, net.Server.Requests.Count);
        Assert.Single(net.Server.Requests.Select(request => request.Message.Id).Distinct());
    }

    [Fact]
    public async Task Query_NeverAnswered_TimesOutAfterSevenSeconds()
    {
        await using var net = new DnsTestNet();
        Task<DnsReply> query = net.QueryAsync();
        foreach (int wait in (int[])[1, 2, 4]) await net.StepAsync(TimeSpan.FromSeconds(wait));
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => query);
        Assert.Equal((BtmmErrorReason.Timeout, net.Server.EndPoint), (error.Reason, error.Endpoint));
    }

    [Fact]
    public async Task Query_NobodyListens_IsUnreachableAtOnce()
    {
        await using var net = new DnsTestNet();
        Task<DnsReply> query = net.Client.QueryAsync(net.Question, [new IPEndPoint(net.Server.EndPoint.Address, 54)]);
        Assert.Equal(BtmmErrorReason.Unreachable, (await Assert.ThrowsAsync<BtmmException>(() => query)).Reason);
    }

    [Fact]
    public async Task Query_FalseAnswers_ArePassedOver()
    {
        await using var net = new DnsTestNet();
        DnsRecord lie = s_record with { Data = new AData(IPAddress.Parse("198.51.100.66")) };
        net.Server.Answer = request =>
        {
            DnsMessage good = FakeNameServer.Reply(request, answers: s_record), bad = FakeNameServer.Reply(request, answers: lie);
            IPEndPoint client = net.Wire.Sent[^1].From;
            net.Wire.Inject("192.0.2.66:53", client.ToString(), bad.ToArray());
            net.Wire.Inject("192.0.2.53:5353", client.ToString(), bad.ToArray());
            return
            [
                bad with { Id = (ushort)(bad.Id + 1) },
                bad with { Flags = DnsFlags.None },
                bad with { Opcode = DnsOpcode.Notify },
                bad with { Questions = [new DnsQuestion(DnsTestNet.Domain, DnsType.A)] },
                bad with { Questions = [new DnsQuestion(DnsTestNet.Name, DnsType.AAAA)] },
                bad with { Questions = [] },
                good,
            ];
        };
        Assert.Equal([s_record], (await net.QueryAsync()).Message.Answers);
    }

    [Fact]
    public async Task Query_MalformedAnswers_SayWhatIsWrongInTheEnd()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request =>
        {
            byte[] cut = FakeNameServer.Reply(request, answers: s_record).ToArray()[..^1];
            net.Wire.Inject(net.Server.EndPoint.ToString(), net.Wire.Sent[^1].From.ToString(), cut);
            return [];
        };
        Assert.Equal(BtmmErrorReason.MalformedReply, (await net.FailInTimeAsync()).Reason);
    }

    [Fact]
    public async Task Query_AnswerTruncated_IsAskedAgainOverTcp()
    {
        await using var net = new DnsTestNet(isSigned: true);
        DnsRecord[] many = [.. Enumerable.Range(0, 200).Select(i => s_record with { Data = new AData(new IPAddress([10, 0, 0, (byte)i])) })];
        net.Server.Answer = request => [FakeNameServer.Reply(request, answers: many)];
        DnsReply reply = await net.QueryAsync();
        Assert.Equal(200, reply.Message.Answers.Count);
        Assert.True(reply.IsSigned);
        Assert.Equal([false, true], net.Server.Requests.Select(request => request.IsStream));
    }

    [Fact]
    public async Task Query_OverTcpOnly_UsesNoDatagram()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request, answers: s_record)];
        await net.Client.QueryAsync(net.Question, net.Servers, transport: DnsTransport.Tcp);
        Assert.Empty(net.Wire.Sent);
    }

    [Fact]
    public async Task Query_TcpServerSilent_TimesOut()
    {
        await using var net = new DnsTestNet();
        Task<DnsReply> query = net.Client.QueryAsync(net.Question, net.Servers, transport: DnsTransport.Tcp);
        await net.StepAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(BtmmErrorReason.Timeout, (await Assert.ThrowsAsync<BtmmException>(() => query)).Reason);
    }

    [Theory]
    [InlineData(DnsRcode.ServFail)]
    [InlineData(DnsRcode.Refused)]
    [InlineData(DnsRcode.NotAuth)]
    public async Task Query_FirstServerFails_GoesToTheSecond(DnsRcode rcode)
    {
        await using var net = new DnsTestNet();
        await using var second = new FakeNameServer(net.Wire, net.Clock, "192.0.2.54");
        net.Server.Answer = request => [FakeNameServer.Reply(request, rcode)];
        second.Answer = request => [FakeNameServer.Reply(request, answers: s_record)];
        Assert.Equal(second.EndPoint, (await net.QueryAsync(net.Server.EndPoint, second.EndPoint)).Server);
    }

    [Fact]
    public async Task Query_NameThatDoesNotExist_IsAnAnswer()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request, DnsRcode.NXDomain)];
        Assert.Equal(DnsRcode.NXDomain, (await net.QueryAsync()).Message.Rcode);
    }

    [Theory]
    [InlineData(DnsRcode.Refused, BtmmErrorReason.Refused)]
    [InlineData(DnsRcode.ServFail, BtmmErrorReason.ServerFailure)]
    [InlineData(DnsRcode.NotAuth, BtmmErrorReason.OutOfZone)]
    public async Task Query_OtherRcode_HasItsReason(DnsRcode rcode, BtmmErrorReason expected)
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [FakeNameServer.Reply(request, rcode)];
        BtmmException error = await net.FailAsync();
        Assert.Equal((expected, (int)rcode), (error.Reason, error.ProtocolCode));
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    [Trait("rfc", "6891§7")]
    public async Task Query_ServerWithoutEdns_IsAskedWithout()
    {
        await using var net = new DnsTestNet();
        net.Server.Answer = request => [request.Edns is null ? FakeNameServer.Reply(request, answers: s_record) : FakeNameServer.Reply(request, DnsRcode.FormErr) with { Questions = [] }];
        Assert.Equal([s_record], (await net.QueryAsync()).Message.Answers);
    }

    [Fact]
    [Trait("rfc", "8945§5.4")]
    public async Task SignedQuery_UnsignedAnswer_IsNotAccepted()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request => [FakeNameServer.Reply(request, answers: s_record)];
        net.Server.SignsAnswers = false;
        Assert.Equal(BtmmErrorReason.MalformedReply, (await net.FailInTimeAsync()).Reason);
    }

    [Fact]
    public async Task SignedQuery_ForgedAnswerFirst_WaitsForTheTrueOne()
    {
        await using var net = new DnsTestNet(isSigned: true);
        net.Server.Answer = request =>
        {
            DnsMessage lie = FakeNameServer.Reply(request, answers: s_record with { Data = new AData(IPAddress.Parse("198.51.100.66")) });
            net.Wire.Inject(net.Server.EndPoint.ToString(), net.Wire.Sent[^1].From.ToString(), lie.ToArray());
            return [FakeNameServer.Reply(request, answers: s_record)];
        };
        Assert.Equal([s_record], (await net.QueryAsync()).Message.Answers);
    }

    [Theory]
    [InlineData(true, BtmmErrorReason.TsigBadSignature, TsigError.BadSig)]
    [InlineData(false, BtmmErrorReason.TsigBadKey, TsigError.BadKey)]
    public async Task SignedQuery_KeyRejected_HasItsReason(bool isKnown, BtmmErrorReason reason, TsigError code)
    {
        await using var net = new DnsTestNet(isSigned: true);
        using var other = new TsigKey(net.Key.Name, net.Key.Algorithm, [1]);
        net.Server.Keys = isKnown ? new TsigKeyRing(other) : new TsigKeyRing();
        BtmmException error = await net.FailInTimeAsync();
        Assert.Equal((reason, (int)code), (error.Reason, error.ProtocolCode));
        Assert.True(net.Clock.Elapsed >= TimeSpan.FromSeconds(1)); // it is not proven, so a better answer may yet come

        // Over TCP nobody else can have said it.
        Task<DnsReply> stream = net.Client.QueryAsync(net.Question, net.Servers, net.Key, DnsTransport.Tcp);
        Assert.Equal(reason, (await Assert.ThrowsAsync<BtmmException>(() => stream)).Reason);
    }

    [Fact]
    public async Task Query_Cancelled_IsCancelled()
    {
        await using var net = new DnsTestNet();
        using var source = new CancellationTokenSource();
        Task<DnsReply> query = net.Client.QueryAsync(net.Question, net.Servers, cancellationToken: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
    }

    [Fact]
    public async Task Query_WithoutServers_IsAnInvalidValue()
    {
        await using var net = new DnsTestNet();
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => net.Client.QueryAsync(net.Question, []));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
    }
}
