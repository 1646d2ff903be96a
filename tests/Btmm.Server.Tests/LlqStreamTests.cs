using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Transport;

namespace Btmm.Server.Tests;

/// <summary>Long-lived queries over TCP and TLS: one request, one answer, events by datagram or over the connection.</summary>
public sealed class LlqStreamTests : IDisposable
{
    private static readonly TimeSpan s_gap = TimeSpan.FromMilliseconds(100);

    private readonly ServerHarness _server = new();
    private readonly FakePeer _peer = new();
    private readonly LlqSender _sender;
    private readonly DnsName _studio;

    public LlqStreamTests()
    {
        _sender = new LlqSender(_server.Llq, _server.Clock);
        _studio = _server.Name("studio");
    }

    public void Dispose()
    {
        _peer.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task SetUp_OnAConnection_NeedsNoChallengeAndHoldsTheConnectionOpen()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage answer = await AskAsync(LlqRequests.Setup());
        LlqOption option = answer.Option();
        Assert.Equal((LlqOpcode.Setup, LlqError.NoError, 3600u), (option.Opcode, option.Error, option.Lease));
        Assert.NotEqual(0ul, option.Id);
        Assert.Single(answer.Answers);
        Assert.Equal(1, _server.Llq.Count);
        Assert.True(_peer.IsHeldOpen);
    }

    [Fact]
    public async Task SetUp_Repeated_AnswersForTheSameQuery()
    {
        LlqOption option = (await AskAsync(LlqRequests.Setup())).Option();
        Assert.Equal(option, (await AskAsync(LlqRequests.Setup(option.Id))).Option());
        Assert.Equal(LlqError.NoSuchLlq, (await AskAsync(LlqRequests.Setup(option.Id + 1))).Option().Error);
        Assert.NotEqual(option.Id, (await AskAsync(LlqRequests.Setup())).Option().Id);
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Events_WithPortZero_GoOverTheConnectionAndNeedNoAcknowledgement()
    {
        LlqOption option = (await AskAsync(LlqRequests.Setup())).Option();
        await PassAsync(s_gap);
        for (int i = 1; i <= 3; i++)
        {
            await _server.AddAsync(Records.A(_studio, $"192.0.2.{i}"));
            await PassAsync(TimeSpan.Zero);
            Assert.Equal(TsigStatus.Valid, new TsigServerTransaction().Verify(_peer.Sent.First(), new TsigKeyRing(_server.Key), _server.Time.GetUtcNow()));
            DnsMessage happened = Take();
            Assert.Equal(new LlqOption(LlqOpcode.Event, LlqError.NoError, option.Id, 0), happened.Option());
            Assert.Equal(Records.A(_studio, $"192.0.2.{i}"), Assert.Single(happened.Answers));
            // One that is sent all the same does no harm.
            Assert.Null(await _server.SendAsync((happened with { Answers = [] }).ToArray(), peer: _peer));
        }

        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Empty(_peer.Sent);
        Assert.Equal(1, _server.Llq.Count);
        Assert.False(_peer.IsAborted);
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    [Fact]
    public async Task Events_RightAfterTheSetUp_WaitForItsAnswer()
    {
        await AskAsync(LlqRequests.Setup());
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        await PassAsync(s_gap - TimeSpan.FromMilliseconds(1));
        Assert.Empty(_peer.Sent);
        await PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Single(Take().Answers);
    }

    [Fact]
    public async Task Events_ForAClientThatDoesNotRead_AreOneAndThenWhatIsLeft()
    {
        await AskAsync(LlqRequests.Setup());
        await PassAsync(s_gap);
        _peer.Stall();
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        _sender.Send(new DatagramRoutes(), CancellationToken.None);
        for (int i = 2; i < 50; i++)
            await _server.AddAsync(Records.DeleteSet(_studio, DnsType.A), Records.A(_studio, $"192.0.2.{i}"));
        _peer.GoOn();
        await _sender.CompleteAsync();
        Assert.Equal(2, _peer.Sent.Count);
        Assert.Single(Take().Answers);
        Assert.Equal(2, Take().Answers.Count);
    }

    [Fact]
    public async Task Connection_ThatEndsWhileAnEventIsSent_EndsItsQueries()
    {
        await AskAsync(LlqRequests.Setup());
        await PassAsync(s_gap);
        _peer.Stall();
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        _sender.Send(new DatagramRoutes(), CancellationToken.None);
        _peer.GiveUp();
        await _sender.CompleteAsync();
        Assert.Equal(0, _server.Llq.Count);
        Assert.Null(_server.Llq.NextTimeout);
    }

    [Fact]
    public async Task Connection_Ends_EndsItsQueriesAlone()
    {
        using var other = new FakePeer();
        await AskAsync(LlqRequests.Setup());
        await AskAsync(LlqRequests.Setup(), peer: other);
        await AskAsync(LlqRequests.Setup(port: 5353));
        Assert.Equal(3, _server.Llq.Count);
        _server.Llq.EndPeer(_peer);
        Assert.Equal(2, _server.Llq.Count);
        _server.Llq.EndPeer(_peer);
        Assert.Equal(2, _server.Llq.Count);
    }

    [Fact]
    public async Task Connection_Closed_TellsTheTableByItself()
    {
        await AskAsync(LlqRequests.Setup());
        _peer.Close();
        SpinWait.SpinUntil(() => _server.Llq.Count == 0, TimeSpan.FromSeconds(30));
        Assert.Equal(0, _server.Llq.Count);
    }

    [Fact]
    public async Task Lease_OfTheLastQueryEnds_LetsTheConnectionGo()
    {
        await AskAsync(LlqRequests.Setup());
        _server.Advance(TimeSpan.FromSeconds(3599));
        Assert.True(_peer.IsHeldOpen);
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _server.Llq.Count);
        Assert.False(_peer.IsHeldOpen);
        await AskAsync(LlqRequests.Setup());
        Assert.True(_peer.IsHeldOpen);
    }

    [Fact]
    public async Task Refresh_OnTheSameConnection_ProlongsOrEnds()
    {
        LlqOption option = (await AskAsync(LlqRequests.Setup())).Option();
        _server.Advance(TimeSpan.FromSeconds(3000));
        DnsMessage reply = await AskAsync(LlqRequests.Refresh(option.Id));
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, option.Id, 3600), reply.Option());
        Assert.Empty(reply.Answers);
        using var other = new FakePeer();
        Assert.Equal(LlqError.NoSuchLlq, (await AskAsync(LlqRequests.Refresh(option.Id), peer: other)).Option().Error);
        Assert.Equal(LlqError.NoError, (await AskAsync(LlqRequests.Refresh(option.Id, lease: 0))).Option().Error);
        Assert.Equal(0, _server.Llq.Count);
        Assert.False(_peer.IsHeldOpen);
        Assert.False(_peer.IsAborted);
    }

    [Fact]
    public async Task Events_WithAPort_GoThereByDatagramAndAreAcknowledgedFromThere()
    {
        LlqOption option = (await AskAsync(LlqRequests.Setup(port: 61_000))).Option();
        Assert.False(_peer.IsHeldOpen);
        _server.Advance(s_gap);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage happened = _server.TakeEvent(out IPEndPoint client);
        Assert.Equal(new IPEndPoint(_peer.Origin.Client.Address, 61_000), client);
        Assert.Equal(option.Id, happened.Option().Id);
        await _server.AcknowledgeAsync(happened, client);
        _server.Advance(TimeSpan.FromSeconds(60));
        Assert.False(_server.Llq.TryTakeOutput(out _));
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Refresh_WithAPort_WorksOverAnyConnectionFromTheSameAddressAndMovesThePort()
    {
        LlqOption option = (await AskAsync(LlqRequests.Setup(port: 61_000))).Option();
        _peer.Close();
        using var later = new FakePeer();
        using var elsewhere = new FakePeer("198.51.100.8");
        Assert.Equal(LlqError.NoSuchLlq, (await AskAsync(LlqRequests.Refresh(option.Id, port: 61_000), peer: elsewhere)).Option().Error);
        Assert.Equal(LlqError.NoError, (await AskAsync(LlqRequests.Refresh(option.Id, port: 61_001), peer: later)).Option().Error);
        Assert.Equal(1, _server.Llq.Count);
        _server.Advance(s_gap);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        _server.TakeEvent(out IPEndPoint client);
        Assert.Equal(61_001, client.Port);
        // A datagram from there is no refresh of it: the address of a connection is proven, that of a datagram is not.
        DnsMessage byDatagram = await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Refresh(option.Id)), _server.Key, client);
        Assert.Equal(LlqError.NoSuchLlq, byDatagram.Option().Error);
    }

    [Fact]
    public async Task SetUp_OverATransportWithoutConnection_IsAPlainAnswer()
    {
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage reply = await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Setup()), _server.Key, stream: true);
        Assert.Single(reply.Answers);
        Assert.Empty(reply.Edns!.Options);
    }

    [Fact]
    public async Task SetUp_ManyAnswers_AreAllInTheOneMessage()
    {
        DnsName list = _server.Name("_autotunnel._udp");
        await _server.AddAsync([.. Enumerable.Range(0, 200).Select(i => Records.Ptr(list, _server.Name($"host-with-a-rather-long-name-{i}")))]);
        DnsMessage reply = await _server.AskAsync(LlqRequests.Request(list, DnsType.PTR, LlqRequests.Setup()), _server.Key, peer: _peer);
        Assert.Equal(200, reply.Answers.Count);
        await PassAsync(s_gap);
        Assert.Empty(_peer.Sent);
    }

    [Fact]
    public async Task SetUp_BadOptions_HaveTheirErrors()
    {
        Assert.Equal(LlqError.BadVers, (await AskAsync(LlqRequests.Setup() with { Version = 2 })).Option().Error);
        Assert.Equal(LlqError.FormatErr, (await AskAsync(LlqRequests.Setup() with { Opcode = LlqOpcode.Event })).Option().Error);
        Assert.Equal(LlqError.NoSuchLlq, (await AskAsync(LlqRequests.Refresh(7))).Option().Error);
        Assert.Equal(0, _server.Llq.Count);
    }

    private DnsMessage Take()
    {
        Assert.True(_peer.Sent.TryDequeue(out byte[]? bytes), "Nothing was sent over the connection.");
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? message));
        return message;
    }

    private Task<DnsMessage> AskAsync(LlqOption option, FakePeer? peer = null) =>
        _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, option), _server.Key, peer: peer ?? _peer);

    // Moves the clock and sends what there is to send over connections.
    private async Task PassAsync(TimeSpan time)
    {
        _server.Advance(time);
        _sender.Send(new DatagramRoutes(), CancellationToken.None);
        await _sender.CompleteAsync();
    }
}
