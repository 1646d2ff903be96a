using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.LongLivedQuery;

namespace Btmm.Protocol.Tests.Dns;

public sealed class LlqClientSessionTests
{
    private const uint Lease = 1000;
    private static readonly DnsQuestion s_question = new(DnsName.Parse("_autotunnel._udp.alice.test"), DnsType.PTR);
    private static readonly DnsRecord s_one = new(s_question.Name, 1, new PtrData(DnsName.Parse("one.alice.test")));
    private static readonly DnsRecord s_two = new(s_question.Name, 1, new PtrData(DnsName.Parse("two.alice.test")));

    private ushort _nextId = 100;

    private LlqClientSession NewSession() => new(s_question, TimeSpan.FromSeconds(7200), () => _nextId++);

    [Fact]
    [Trait("rfc", "8764§5.2")]
    public void Handshake_Undisturbed_TakesFourMessages()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        DnsMessage request = Request(session); //                                     --> setup request
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 7200), Option(request));
        Assert.Equal(DnsFlags.RecursionDesired, request.Flags);
        Assert.True(session.HandleMessage(At(0), Reply(request, id: 5))); //          <-- setup challenge
        DnsMessage response = Request(session); //                                    --> challenge response
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 5, Lease), Option(response));
        Assert.True(session.HandleMessage(At(0), Reply(response, id: 5, answers: s_one))); // <-- ack and answers
        Assert.Equal(LlqSessionState.Established, session.State);
        Assert.Equal([s_one], session.Records);
        Assert.Equal(LlqEventKind.Established, Event(session).Kind);
        Assert.Equal(At(800), session.NextTimeout);
    }

    [Fact]
    public void Setup_OverAStream_TakesTwoMessages()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0), overStream: true);
        DnsMessage request = Request(session);
        Assert.Equal(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 7200), Option(request));
        Assert.True(session.HandleMessage(At(1), Reply(request, id: 5, answers: s_one)));
        Assert.Equal((LlqSessionState.Established, 5ul), (session.State, session.Id));
        Assert.Equal([s_one], session.Records);
        Assert.Equal(LlqEventKind.Established, Event(session).Kind);
        Assert.Equal(At(801), session.NextTimeout);
        Assert.False(session.TryTakeOutput(out _));
    }

    [Fact]
    public void Setup_OverAStreamWithoutAnswer_IsSentOnceAndGivenUp()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0), overStream: true);
        Request(session);
        Assert.Equal([14], Timeouts(session, out List<DnsMessage> sent));
        Assert.Empty(sent);
        Assert.Equal(LlqSessionState.NoAnswer, session.State);
    }

    [Fact]
    public void Setup_OverAStreamRefused_IsAsByDatagrams()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0), overStream: true);
        session.HandleMessage(At(0), Reply(Request(session), id: 0, error: LlqError.Static));
        Assert.Equal(LlqSessionState.Static, session.State);
    }

    [Fact]
    public void Event_OverAStream_IsTakenWithoutAcknowledgement()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0), overStream: true);
        session.HandleMessage(At(0), Reply(Request(session), id: 5));
        Event(session);
        Assert.True(session.HandleMessage(At(1), Happened(9, 5, s_two)));
        Assert.Equal(LlqEventKind.Added, Event(session).Kind);
        Assert.False(session.TryTakeOutput(out _));
        Assert.True(session.AcknowledgeOnly(Happened(10, 5, s_one)));
        Assert.False(session.TryTakeOutput(out _));
    }

    [Fact]
    [Trait("rfc", "8764§A")]
    public void Handshake_ChallengeTwice_IsNotTakenForTheAcknowledgement()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        DnsMessage request = Request(session);
        DnsMessage challenge = Reply(request, id: 5);
        session.HandleMessage(At(0), challenge);
        DnsMessage response = Request(session);
        Assert.False(session.HandleMessage(At(0), challenge));
        Assert.Equal(LlqSessionState.Responding, session.State);
        session.HandleMessage(At(0), Reply(response, id: 5, answers: s_one));
        Assert.False(session.HandleMessage(At(1), Reply(response, id: 5)));
        Assert.Equal([s_one], session.Records);
    }

    [Fact]
    [Trait("rfc", "8764§5.1")]
    public void Setup_WithoutAnswer_IsSentThreeTimesAndGivenUp()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        DnsMessage request = Request(session);
        Assert.Equal([2, 6, 14], Timeouts(session, out List<DnsMessage> sent));
        Assert.Equal([request, request], sent);
        Assert.Equal(LlqSessionState.NoAnswer, session.State);
        Assert.Equal(LlqEventKind.SetupFailed, Event(session).Kind);
        Assert.Null(session.NextTimeout);
    }

    [Fact]
    [Trait("rfc", "8764§5.1")]
    public void ChallengeResponse_WithoutAnswer_IsSentThreeTimesAndGivenUp()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        session.HandleMessage(At(1), Reply(Request(session), id: 5));
        Request(session);
        Assert.Equal([3, 7, 15], Timeouts(session, out List<DnsMessage> sent));
        Assert.Equal(2, sent.Count);
        Assert.Equal(LlqSessionState.NoAnswer, session.State);
    }

    [Fact]
    [Trait("rfc", "8764§5.2.3")]
    public void Setup_ServerFull_IsTriedAgainWhenTheServerSaid()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        session.HandleMessage(At(0), Reply(Request(session), id: 0, LlqError.ServFull, lease: 60));
        Assert.Equal(LlqSessionState.Waiting, session.State);
        Assert.Equal(At(60), session.NextTimeout);
        session.HandleTimeout(At(60));
        Assert.Equal(0u, Option(Request(session)).Id);
        Assert.Equal(LlqSessionState.Requesting, session.State);
    }

    [Theory]
    [Trait("rfc", "8764§5.2.3")]
    [InlineData(LlqError.Static, LlqSessionState.Static)]
    [InlineData(LlqError.FormatErr, LlqSessionState.Unsupported)]
    [InlineData(LlqError.BadVers, LlqSessionState.Unsupported)]
    [InlineData(LlqError.UnknownErr, LlqSessionState.Unsupported)]
    [InlineData(LlqError.NoSuchLlq, LlqSessionState.Unsupported)]
    [InlineData((LlqError)99, LlqSessionState.Unsupported)]
    public void Setup_WithError_FailsForGood(LlqError error, LlqSessionState expected)
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        session.HandleMessage(At(0), Reply(Request(session), id: 0, error, lease: 0));
        Assert.Equal(expected, session.State);
        Assert.Equal(new LlqEvent(LlqEventKind.SetupFailed, Error: error), Event(session));
        Assert.Null(session.NextTimeout);
    }

    [Fact]
    public void Setup_AnswerWithoutOption_MeansNoLongLivedQueries()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        DnsMessage request = Request(session);
        session.HandleMessage(At(0), new DnsMessage { Id = request.Id, Flags = DnsFlags.Response, Questions = request.Questions, Answers = [s_one] });
        Assert.Equal(LlqSessionState.Unsupported, session.State);
    }

    [Fact]
    public void Setup_AnswerWithRcode_TellsIt()
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        session.HandleMessage(At(0), Reply(Request(session), id: 5) with { Rcode = DnsRcode.Refused });
        Assert.Equal(new LlqEvent(LlqEventKind.SetupFailed, Rcode: DnsRcode.Refused), Event(session));
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public void Events_AddAndRemove_AreAcknowledgedAndApplied()
    {
        LlqClientSession session = Established(s_one);
        DnsMessage added = Happened(7, 5, s_two);
        Assert.True(session.HandleMessage(At(1), added));
        Assert.True(session.TryTakeOutput(out LlqOutput ack));
        Assert.False(ack.IsRequest);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, ack.Message.Flags);
        Assert.Equal(added with { Answers = ack.Message.Answers, Questions = ack.Message.Questions, Additional = ack.Message.Additional }, ack.Message);
        Assert.Equal(added.Additional, ack.Message.Additional);
        Assert.Empty(ack.Message.Answers);
        Assert.Equal(new LlqEvent(LlqEventKind.Added, s_two), Event(session));

        session.HandleMessage(At(2), Happened(8, 5, s_one with { Ttl = uint.MaxValue }));
        Assert.Equal(new LlqEvent(LlqEventKind.Removed, s_one), Event(session));
        Assert.Equal([s_two], session.Records);
    }

    [Fact]
    public void Events_LateCopy_IsAcknowledgedButNotApplied()
    {
        LlqClientSession session = Established(s_one);
        DnsMessage added = Happened(7, 5, s_two);
        session.HandleMessage(At(1), added);
        session.HandleMessage(At(2), Happened(8, 5, s_two with { Ttl = uint.MaxValue }));
        session.HandleMessage(At(3), added);
        Assert.Equal([s_one], session.Records);
        int acknowledgements = 0;
        while (session.TryTakeOutput(out _)) acknowledgements++;
        Assert.Equal(3, acknowledgements);
    }

    [Fact]
    public void Events_OfUnknownIdOrQuestion_AreIgnored()
    {
        LlqClientSession session = Established(s_one);
        Assert.False(session.HandleMessage(At(1), Happened(7, 6, s_two)));
        Assert.False(session.HandleMessage(At(1), Happened(7, 5, s_two) with { Questions = [new DnsQuestion(s_question.Name, DnsType.TXT)] }));
        Assert.False(session.HandleMessage(At(1), Happened(7, 5, s_two) with { Flags = DnsFlags.None }));
        Assert.False(session.TryTakeOutput(out _));
        Assert.Equal([s_one], session.Records);
    }

    [Fact]
    [Trait("rfc", "8764§7.1")]
    public void Refresh_OnTime_AsksAt80PercentAndAgainAt90And95()
    {
        LlqClientSession session = Established(s_one);
        Assert.Equal([800, 900, 950, 1000], Timeouts(session, out List<DnsMessage> sent, stop: 4));
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, 5, Lease), Option(sent[0]));
        Assert.Equal(3, sent.Take(3).Select(message => message.Id).Distinct().Count());
        Assert.Equal(LlqEventKind.Lost, Event(session).Kind);
        Assert.Equal(LlqSessionState.Requesting, session.State); // set up again
        Assert.Equal(0u, Option(sent[3]).Id);
        Assert.Equal([s_one], session.Records);
    }

    [Fact]
    [Trait("rfc", "8764§7.2")]
    public void Refresh_Confirmed_ExtendsTheLease()
    {
        LlqClientSession session = Established(s_one);
        session.HandleTimeout(At(800));
        session.HandleMessage(At(801), Reply(Request(session), 5));
        Assert.Equal(LlqEventKind.Refreshed, Event(session).Kind);
        Assert.Equal(At(801 + 800), session.NextTimeout);
        Assert.Equal([s_one], session.Records);
    }

    [Fact]
    [Trait("rfc", "8764§7.2")]
    public void Refresh_OfForgottenQuery_SetsItUpAgain()
    {
        LlqClientSession session = Established(s_one);
        session.HandleTimeout(At(800));
        session.HandleMessage(At(800), Reply(Request(session), 5, LlqError.NoSuchLlq));
        Assert.Equal(new LlqEvent(LlqEventKind.Lost, Error: LlqError.NoSuchLlq), Event(session));
        Assert.Equal(LlqSessionState.Requesting, session.State);
        Assert.Equal(LlqOpcode.Setup, Option(Request(session)).Opcode);
    }

    [Fact]
    [Trait("rfc", "8764§7.1")]
    public void Terminate_Established_RefreshesWithLeaseZero()
    {
        LlqClientSession session = Established(s_one);
        session.Terminate(At(10));
        DnsMessage request = Request(session);
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, 5, 0), Option(request));
        session.HandleMessage(At(10), Reply(request, 5, lease: 0));
        Assert.Equal(LlqSessionState.Ended, session.State);
    }

    [Fact]
    public void Terminate_BeforeSetup_SendsNothing()
    {
        LlqClientSession session = NewSession();
        session.Terminate(At(0));
        Assert.Equal(LlqSessionState.Ended, session.State);
        Assert.False(session.TryTakeOutput(out _));
    }

    [Fact]
    public void Start_OfEstablishedQuery_SetsItUpFromNothing()
    {
        LlqClientSession session = Established(s_one);
        session.Start(At(10));
        Assert.Equal(0u, Option(Request(session)).Id);
        Assert.False(session.HandleMessage(At(10), Happened(7, 5, s_two))); // the old query's event
    }

    [Theory]
    [InlineData(DnsType.ANY, DnsClass.IN)]
    [InlineData(DnsType.PTR, DnsClass.ANY)]
    [InlineData(DnsType.PTR, DnsClass.NONE)]
    [Trait("rfc", "8764§5.2.1")]
    public void Question_ForAnything_IsNotAllowed(DnsType type, DnsClass @class)
        => Assert.Throws<ArgumentException>(() => new LlqClientSession(new DnsQuestion(s_question.Name, type, @class), TimeSpan.FromHours(1), () => 1));

    [Fact]
    public void Messages_HundredThousandMutations_NeverBreakTheSession()
    {
        LlqClientSession session = Established(s_one);
        byte[][] good = [Happened(7, 5, s_two).ToArray(), Happened(8, 5, s_one with { Ttl = uint.MaxValue }).ToArray(), Reply(Refreshing(session), 5).ToArray()];
        foreach (byte[] bad in Mutations.Random(good, 100_000, seed: 31337))
        {
            if (!DnsMessage.TryParse(bad, out DnsMessage? message)) continue;
            session.HandleMessage(At(801), message);
            while (session.TryTakeOutput(out LlqOutput output)) Assert.NotEmpty(output.Message.ToArray());
            while (session.TryTakeEvent(out _)) { }
            if (session.State is not (LlqSessionState.Established or LlqSessionState.Refreshing)) session = Established(s_one);
        }

        Assert.InRange(session.Records.Count, 0, 4096);
    }

    private static DnsMessage Refreshing(LlqClientSession session)
    {
        session.HandleTimeout(At(800));
        return Request(session);
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private static LlqOption Option(DnsMessage message) => message.Edns!.Find<LlqOption>()!;

    private static DnsMessage Request(LlqClientSession session)
    {
        Assert.True(session.TryTakeOutput(out LlqOutput output));
        Assert.True(output.IsRequest);
        Assert.False(session.TryTakeOutput(out _));
        return output.Message;
    }

    private static LlqEvent Event(LlqClientSession session)
    {
        Assert.True(session.TryTakeEvent(out LlqEvent happened));
        return happened;
    }

    private static DnsMessage Reply(DnsMessage request, ulong id, LlqError error = LlqError.NoError, uint lease = Lease, params DnsRecord[] answers) => new()
    {
        Id = request.Id,
        Flags = DnsFlags.Response | DnsFlags.Authoritative,
        Questions = request.Questions,
        Answers = answers,
        Additional = [new EdnsInfo(new LlqOption(Option(request).Opcode, error, id, lease)).ToRecord()],
    };

    private static DnsMessage Happened(ushort messageId, ulong id, DnsRecord record) => new()
    {
        Id = messageId,
        Flags = DnsFlags.Response | DnsFlags.Authoritative,
        Questions = [s_question],
        Answers = [record],
        Additional = [new EdnsInfo(new LlqOption(LlqOpcode.Event, LlqError.NoError, id, 0)).ToRecord()],
    };

    private LlqClientSession Established(params DnsRecord[] answers)
    {
        LlqClientSession session = NewSession();
        session.Start(At(0));
        session.HandleMessage(At(0), Reply(Request(session), id: 5));
        session.HandleMessage(At(0), Reply(Request(session), id: 5, answers: answers));
        Event(session);
        return session;
    }

    /// <summary>Lets every timer fire when it is due; returns the seconds and what was sent.</summary>
    private static List<double> Timeouts(LlqClientSession session, out List<DnsMessage> sent, int stop = 10)
    {
        var times = new List<double>();
        sent = [];
        while (session.NextTimeout is { } due && times.Count < stop)
        {
            session.HandleTimeout(due - TimeSpan.FromTicks(1));
            Assert.Equal(due, session.NextTimeout);
            session.HandleTimeout(due);
            times.Add(due.TotalSeconds);
            while (session.TryTakeOutput(out LlqOutput output)) sent.Add(output.Message);
        }

        return times;
    }
}
