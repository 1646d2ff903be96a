using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Protocol.Tests.Dns.Push;

/// <summary>The client's end of a session, rule by rule (RFC 8490, RFC 8765).</summary>
public sealed class PushClientSessionTests
{
    private static readonly DnsQuestion s_question = new(DnsName.Parse("studio.alice.test"), DnsType.AAAA);
    private static readonly DnsRecord s_one = new(s_question.Name, 120, new AaaaData(IPAddress.Parse("fd00::1")));
    private static readonly DnsRecord s_two = new(s_question.Name, 120, new AaaaData(IPAddress.Parse("fd00::2")));
    private static readonly DsoTimeouts s_granted = DsoTimeouts.From(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60));

    private readonly PushClientSession _session = new(DsoTimeouts.From(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(60)));

    [Fact]
    [Trait("rfc", "8490§5.1.2")]
    public void Keepalive_Answered_EstablishesTheSession()
    {
        _session.Start(At(0));
        DnsHeader request = Take(); //                                      --> Keepalive
        Assert.NotEqual(0, request.Id);
        Assert.Equal(PushSessionState.Establishing, _session.State);
        Hear(0, DsoMessages.Keepalive(request.Id, s_granted, true)); //     <-- Keepalive
        Assert.Equal(PushSessionState.Established, _session.State);
        Assert.Equal(PushEventKind.Established, Event().Kind);
        Assert.Equal(s_granted, _session.Timeouts);
    }

    [Theory]
    [Trait("rfc", "8490§5.1.1")]
    [InlineData(DnsRcode.NotImp)]
    [InlineData(DnsRcode.FormErr)]
    [InlineData(DnsRcode.Refused)]
    public void Keepalive_AnsweredWithAnError_MeansNoDso(DnsRcode rcode)
    {
        _session.Start(At(0));
        Hear(0, DsoMessages.Response(Take().Id, rcode));
        AssertEnded(PushSessionEnd.NotSupported);
    }

    [Fact]
    [Trait("rfc", "8490§5.1.1")]
    public void Keepalive_WithoutAnswer_IsGivenUpAfterThirtySeconds()
    {
        _session.Start(At(0));
        _session.HandleTimeout(At(29));
        Assert.Equal(PushSessionState.Establishing, _session.State);
        _session.HandleTimeout(At(30));
        AssertEnded(PushSessionEnd.NoAnswer);
    }

    [Fact]
    [Trait("rfc", "8765§6.2")]
    [Trait("rfc", "8765§6.3")]
    public void Subscription_Accepted_TellsRecordsAsTheyComeAndGo()
    {
        Establish();
        ushort id = Subscribe(s_question);
        Hear(1, DsoMessages.Response(id, DnsRcode.NoError)); //             <-- accepted
        Assert.Equal(PushEventKind.Subscribed, Event().Kind);
        Hear(1, Push(PushChange.Add(s_one), PushChange.Add(s_two))); //     <-- what there is
        Assert.Equal(s_one, Added());
        Assert.Equal(s_two, Added());
        Hear(2, Push(PushChange.Remove(s_one)));
        Assert.Equal((PushEventKind.Removed, s_one), Event() is var gone ? (gone.Kind, gone.Record) : default);
        Hear(2, Push(PushChange.Remove(s_one)));
        AssertNoEvent();
        Assert.Equal([s_two], _session.RecordsOf(s_question));
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Removals_Collective_TakeWhatTheyName()
    {
        Establish();
        Accept(s_question);
        foreach (PushChange removal in new[]
        {
            PushChange.RemoveSet(s_question.Name, DnsType.AAAA, DnsClass.IN),
            PushChange.RemoveClass(s_question.Name, DnsClass.IN),
            PushChange.RemoveName(s_question.Name),
        })
        {
            Hear(2, Push(PushChange.Add(s_one), PushChange.Add(s_two)));
            Hear(2, Push(PushChange.RemoveSet(s_question.Name, DnsType.A, DnsClass.IN), PushChange.RemoveClass(s_question.Name, DnsClass.CH)));
            Assert.Equal(2, _session.RecordsOf(s_question).Count);
            Hear(2, Push(removal));
            Assert.Empty(_session.RecordsOf(s_question));
        }
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_MatchesNamesWithoutCaseAndAliasesOfAnyType()
    {
        Establish();
        Accept(s_question);
        DnsName loud = DnsName.Parse("STUDIO.Alice.TEST");
        DnsRecord alias = new(loud, 1, new CnameData(DnsName.Parse("x.test")));
        Hear(2, Push(PushChange.Add(alias), PushChange.Add(new DnsRecord(loud, 1, new AData(IPAddress.Loopback)))));
        Assert.Equal([alias], _session.RecordsOf(s_question));
    }

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    public void Subscription_ForAnyType_TakesAll()
    {
        Establish();
        DnsQuestion all = s_question with { Type = DnsType.ANY, Class = DnsClass.ANY };
        Accept(all);
        Hear(2, Push(PushChange.Add(s_one), PushChange.Add(new DnsRecord(s_question.Name, 1, new AData(IPAddress.Loopback)))));
        Assert.Equal(2, _session.RecordsOf(all).Count);
    }

    [Fact]
    [Trait("rfc", "8765§6.3")]
    public void Push_ForTwoSubscriptions_ComesOnceAndReachesBoth()
    {
        Establish();
        DnsQuestion all = s_question with { Type = DnsType.ANY };
        Accept(s_question);
        Accept(all);
        Hear(2, Push(PushChange.Add(s_one)));
        Assert.Equal([s_one], _session.RecordsOf(s_question));
        Assert.Equal([s_one], _session.RecordsOf(all));
    }

    [Fact]
    [Trait("rfc", "8765§6")]
    public void Push_AfterUnsubscribe_IsIgnored()
    {
        Establish();
        ushort id = Accept(s_question);
        _session.Unsubscribe(At(2), s_question);
        Assert.True(_session.TryTakeOutput(out ReadOnlyMemory<byte> message));
        Assert.Equal(PushMessages.Unsubscribe(id), message.ToArray());
        Hear(2, Push(PushChange.Add(s_one)));
        AssertNoEvent();
        Assert.Equal(PushSessionState.Established, _session.State);
    }

    [Fact]
    [Trait("rfc", "8765§6.4.1")]
    public void Unsubscribe_BeforeTheAnswer_IsSentAndTheAnswerIsNoNews()
    {
        Establish();
        ushort id = Subscribe(s_question);
        _session.Unsubscribe(At(1), s_question);
        Assert.Equal(0, Take().Id);
        Hear(1, DsoMessages.Response(id, DnsRcode.Refused));
        AssertNoEvent();
        Assert.Equal(PushSessionState.Established, _session.State);
    }

    [Fact]
    [Trait("rfc", "8490§5.1")]
    public void Unsubscribe_BeforeTheSession_WaitsForIt()
    {
        _session.Start(At(0));
        ushort keepalive = Take().Id;
        ushort id = Subscribe(s_question);
        _session.Unsubscribe(At(0), s_question);
        Assert.False(_session.TryTakeOutput(out _));
        Hear(0, DsoMessages.Keepalive(keepalive, s_granted, true));
        Assert.True(_session.TryTakeOutput(out ReadOnlyMemory<byte> message));
        Assert.Equal(PushMessages.Unsubscribe(id), message.ToArray());
    }

    [Theory]
    [Trait("rfc", "8765§6.2.2")]
    [InlineData(DnsRcode.FormErr, 300)]
    [InlineData(DnsRcode.ServFail, 60)]
    [InlineData(DnsRcode.Refused, 300)]
    [InlineData(DnsRcode.NotAuth, 300)]
    [InlineData(DnsRcode.DsoTypeNI, 3600)]
    [InlineData((DnsRcode)13, 300)]
    public void Subscription_Refused_SaysWhenToTryAgain(DnsRcode rcode, int seconds)
    {
        Establish();
        Hear(1, DsoMessages.Response(Subscribe(s_question), rcode));
        Assert.Equal(new PushEvent(PushEventKind.Refused, s_question, null, rcode, TimeSpan.FromSeconds(seconds)), Event());
        Assert.Empty(_session.Subscriptions);
        Hear(2, DsoMessages.Response(Subscribe(s_question), rcode, TimeSpan.FromSeconds(7)));
        Assert.Equal(TimeSpan.FromSeconds(7), Event().RetryAfter);
        Assert.Equal(PushSessionState.Established, _session.State);
    }

    [Fact]
    [Trait("rfc", "8490§5.6")]
    public void Subscription_EndedByTheServer_IsNoLongerOne()
    {
        Establish();
        ushort id = Accept(s_question);
        Hear(5, DsoMessages.Response(id, DnsRcode.NotAuth));
        Assert.Equal(DnsRcode.NotAuth, Event().Rcode);
        Assert.Empty(_session.Subscriptions);
        Assert.Equal(PushSessionState.Established, _session.State);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.2")]
    public void Subscription_AnsweredWithItsOwnTlv_IsAcceptedAllTheSame()
    {
        Establish();
        byte[] echo = PushMessages.Subscribe(Subscribe(s_question), s_question);
        echo[2] |= 0x80;
        Hear(1, echo);
        Assert.Equal(PushEventKind.Subscribed, Event().Kind);
    }

    [Fact]
    public void Subscription_Twice_IsOneRequest()
    {
        Establish();
        Subscribe(s_question);
        _session.Subscribe(At(1), new DnsQuestion(DnsName.Parse("STUDIO.alice.test"), DnsType.AAAA));
        Assert.False(_session.TryTakeOutput(out _));
    }

    [Fact]
    public void Subscription_Empty_IsCompleteWhenWhatFollowedItWasAnswered()
    {
        Establish();
        ushort id = Subscribe(s_question);
        _session.Mark(At(1));
        ushort mark = Take().Id;
        Hear(1, DsoMessages.Response(id, DnsRcode.NoError));
        Event();
        Hear(1, DsoMessages.Keepalive(mark, s_granted, true));
        AssertNoEvent();
        Assert.Equal(At(1.1), _session.NextTimeout);
        _session.HandleTimeout(At(1.1));
        Assert.Equal(new PushEvent(PushEventKind.Complete, s_question), Event());
    }

    [Fact]
    [Trait("rfc", "8490§6.5.1")]
    public void Keepalive_IsSentAfterTheIntervalOfSilence()
    {
        Establish();
        Accept(s_question);
        Assert.Equal(At(61), _session.NextTimeout);
        _session.HandleTimeout(At(60));
        Assert.False(_session.TryTakeOutput(out _));
        _session.HandleTimeout(At(61));
        DnsHeader keepalive = Take();
        Hear(62, DsoMessages.Keepalive(keepalive.Id, s_granted, true));
        _session.HandleTimeout(At(63));
        Assert.Equal(At(122), _session.NextTimeout);
    }

    [Fact]
    public void Keepalive_InALivingSessionWithoutAnswer_MeansThatTheServerIsGone()
    {
        Establish();
        Accept(s_question);
        _session.HandleTimeout(At(61));
        _session.HandleTimeout(At(76));
        AssertEnded(PushSessionEnd.Silent);
    }

    [Fact]
    [Trait("rfc", "8490§6.4.1")]
    public void Session_WithoutOperations_IsClosedAtTheInactivityTimeout()
    {
        Establish();
        Assert.Equal(At(20), _session.NextTimeout);
        _session.HandleTimeout(At(20));
        AssertEnded(PushSessionEnd.Inactive);
    }

    [Fact]
    [Trait("rfc", "8490§6.3")]
    public void Session_WithASubscription_IsNeverInactive()
    {
        Establish();
        Accept(s_question);
        for (int minute = 1; minute <= 60; minute++)
        {
            _session.HandleTimeout(At(minute * 61));
            Hear(minute * 61, DsoMessages.Keepalive(Take().Id, s_granted, true));
        }

        Assert.Equal(PushSessionState.Established, _session.State);
    }

    [Fact]
    [Trait("rfc", "8490§7.1.1")]
    public void Timeouts_FromTheServer_HoldAtOnceAndAreNoActivity()
    {
        Establish();
        Hear(15, Unasked(10_000, 3_600_000));
        _session.HandleTimeout(At(15));
        AssertEnded(PushSessionEnd.Inactive);
    }

    [Fact]
    [Trait("rfc", "8490§6.6.1")]
    public void RetryDelay_EndsTheSessionAndSaysWhenToComeBack()
    {
        Establish();
        Accept(s_question);
        Hear(2, DsoMessages.RetryDelay(DnsRcode.ServFail, TimeSpan.FromSeconds(90)));
        AssertEnded(PushSessionEnd.RetryDelay, DnsRcode.ServFail, TimeSpan.FromSeconds(90));
    }

    [Fact]
    [Trait("rfc", "8490§5.4.5")]
    public void Request_OfUnknownKind_IsAnsweredDsoTypeNI()
    {
        Establish();
        Hear(1, PushMessageTests.Message("0009", 0xF800, "00"));
        DnsHeader answer = Take();
        Assert.Equal((9, DnsRcode.DsoTypeNI, true), (answer.Id, answer.Rcode, answer.IsResponse));
    }

    [Fact]
    [Trait("rfc", "8490§5.4")]
    public void Request_WithCounts_IsAnsweredFormErr()
    {
        Establish();
        byte[] bad = PushMessageTests.Message("0009", 0xF800, "00");
        bad[11] = 1;
        Hear(1, bad);
        Assert.Equal(DnsRcode.FormErr, Take().Rcode);
    }

    [Fact]
    [Trait("rfc", "8490§5.4.5")]
    public void AdditionalTlv_Unknown_IsIgnored()
    {
        Establish();
        ushort id = Subscribe(s_question);
        byte[] padded = [.. DsoMessages.Response(id, DnsRcode.NoError, isPadded: true), 0xF8, 0, 0, 1, 7];
        Hear(1, padded);
        Assert.Equal(PushEventKind.Subscribed, Event().Kind);
        Hear(1, [.. Push(PushChange.Add(s_one)), 0xF8, 0, 0, 1, 7]);
        Assert.Equal(s_one, Added());
    }

    public static TheoryData<string, string> Fatal => new()
    {
        { "5.4.1 response with id 0", "0000B0000000000000000000" },
        { "5.5.2 response to nothing", "7777B0000000000000000000" },
        { "5.4.5 unidirectional of unknown kind", "000030000000000000000000F8000000" },
        { "5.4.3 unidirectional with counts", "000030000000000100000000F8000000" },
        { "5.4.2 unidirectional without TLV", "000030000000000000000000" },
        { "5.4.4 TLV that overruns", "000030000000000000000000004100FF00" },
        { "6.5.2 keepalive interval below 10 s", "000030000000000000000000" + "00010008" + "00003A98" + "0000270F" },
        { "7.1 keepalive of four bytes", "000030000000000000000000" + "00010004" + "00003A98" },
        { "7.1 keepalive request from a server", "000930000000000000000000" + "00010008" + "00003A98" + "0036EE80" },
        { "7.2.1 retry delay with an id", "000930000000000000000000" + "00020004" + "00003A98" },
        { "7.2.1 retry delay of two bytes", "000030000000000000000000" + "00020002" + "3A98" },
        { "8765 6.2 SUBSCRIBE from a server", "000930000000000000000000" + "00400008" + "0161000001000100"[..16] },
        { "8765 6.3 PUSH as a request", "000930000000000000000000" + "00410004" + "00000000" },
        { "8765 6.3 PUSH as a response", "0009B0000000000000000000" + "00410004" + "00000000" },
        { "8765 6.3.1 PUSH of nothing", "000030000000000000000000" + "00410000" },
        { "8765 6.4 UNSUBSCRIBE from a server", "000030000000000000000000" + "004200020001" },
        { "8765 6.5 RECONFIRM from a server", "000030000000000000000000" + "00430007" + "01610000010001" },
        { "a message shorter than a header", "0000300000000000000000" },
    };

    [Theory, MemberData(nameof(Fatal))]
    [Trait("rfc", "8490§5.3.1")]
    [Trait("rfc", "8765§1.2")]
    public void Message_ThatMustNotBe_EndsTheSession(string rule, string bytes)
    {
        Establish();
        Hear(1, Convert.FromHexString(bytes));
        Assert.True(_session.State == PushSessionState.Ended, rule);
        AssertEnded(PushSessionEnd.ProtocolError);
        Assert.False(_session.TryTakeOutput(out _));
    }

    [Theory]
    [Trait("rfc", "8490§5.4.2")]
    [Trait("rfc", "8490§7.1")]
    [InlineData("")]
    [InlineData("00010008000075300036EE80" + "00010008000075300036EE80")]
    [InlineData("F8000000" + "00010008000075300036EE80")]
    [InlineData("00010008000075300000270F")]
    public void Keepalive_AnsweredInTheWrongForm_EndsTheSession(string tlvs)
    {
        Establish();
        _session.Subscribe(At(1), s_question);
        Take();
        _session.Mark(At(1));
        Hear(1, Convert.FromHexString($"{Take().Id:X4}B0000000000000000000" + tlvs));
        AssertEnded(PushSessionEnd.ProtocolError);
    }

    [Fact]
    [Trait("rfc", "8765§6.2")]
    public void Subscription_AcceptedTwice_EndsTheSession()
    {
        Establish();
        ushort id = Accept(s_question);
        Hear(2, DsoMessages.Response(id, DnsRcode.NoError));
        AssertEnded(PushSessionEnd.ProtocolError);
    }

    [Fact]
    [Trait("rfc", "8490§5.1")]
    public void Push_BeforeTheSession_EndsIt()
    {
        _session.Start(At(0));
        Hear(0, Push(PushChange.Add(s_one)));
        AssertEnded(PushSessionEnd.ProtocolError);
    }

    [Fact]
    [Trait("rfc", "8490§5.4.6")]
    public void OtherMessage_IsTheDriversUnlessItHasTcpKeepalive()
    {
        Establish();
        var answer = new DnsMessage { Id = 3, Flags = DnsFlags.Response, Questions = [s_question] };
        Assert.False(_session.HandleMessage(At(1), answer.ToArray()));
        DnsMessage forbidden = answer with { Additional = [new EdnsInfo(new UnknownOption(11, new byte[] { 0, 100 })).ToRecord()] };
        Assert.True(_session.HandleMessage(At(1), forbidden.ToArray()));
        AssertEnded(PushSessionEnd.ProtocolError);
    }

    [Fact]
    [Trait("rfc", "8490§6.3")]
    public void OtherOperation_KeepsTheSessionFromBeingInactive()
    {
        Establish();
        _session.BeginOperation(At(5));
        _session.HandleTimeout(At(50));
        Assert.Equal(PushSessionState.Established, _session.State);
        _session.EndOperation(At(50));
        Assert.Equal(At(70), _session.NextTimeout);
    }

    [Fact]
    [Trait("rfc", "8490§5.4.1")]
    public void Ids_OfLivingSubscriptions_AreNotUsedAgain()
    {
        Establish();
        Accept(s_question);
        var used = new HashSet<ushort>();
        for (int i = 0; i < 70_000; i++)
        {
            ushort id = Subscribe(s_question with { Type = DnsType.A });
            if (i < 60_000) Assert.True(used.Add(id), $"{i}");
            Hear(1, DsoMessages.Response(id, DnsRcode.Refused));
            _session.TryTakeEvent(out _);
        }

        Assert.Single(_session.Subscriptions);
    }

    [Fact]
    public void Messages_ChangedAtRandom_NeverThrow()
    {
        byte[][] good =
        [
            DsoMessages.Keepalive(2, s_granted, true), DsoMessages.Response(1, DnsRcode.NoError), DsoMessages.Response(2, DnsRcode.NotAuth, TimeSpan.FromSeconds(1), true),
            DsoMessages.RetryDelay(DnsRcode.NoError, TimeSpan.Zero), Push(PushChange.Add(s_one), PushChange.RemoveName(s_question.Name)),
        ];
        PushClientSession? session = null;
        foreach (byte[] bad in good.SelectMany(Mutations.Truncations).Concat(Mutations.Random(good, 50_000, seed: 1)))
        {
            if (session is null or { State: PushSessionState.Ended })
            {
                session = new PushClientSession(DsoTimeouts.Default);
                session.Start(At(0));
                session.HandleMessage(At(0), DsoMessages.Keepalive(1, s_granted, true));
                session.Subscribe(At(0), s_question);
                session.HandleMessage(At(0), DsoMessages.Response(2, DnsRcode.NoError));
            }

            session.HandleMessage(At(1), bad);
            session.HandleTimeout(At(2));
            while (session.TryTakeOutput(out _) || session.TryTakeEvent(out _)) { }
        }
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private static byte[] Push(params PushChange[] changes) => PushMessageTests.Write(changes);

    private static byte[] Unasked(uint inactivity, uint keepalive)
    {
        byte[] message = DsoMessages.Keepalive(1, new DsoTimeouts(inactivity, keepalive), isResponse: false);
        message[1] = 0;
        return message;
    }

    private void Establish()
    {
        _session.Start(At(0));
        Hear(0, DsoMessages.Keepalive(Take().Id, s_granted, true));
        Assert.Equal(PushEventKind.Established, Event().Kind);
    }

    private ushort Subscribe(DnsQuestion question)
    {
        _session.Subscribe(At(1), question);
        return Take().Id;
    }

    private ushort Accept(DnsQuestion question)
    {
        ushort id = Subscribe(question);
        Hear(1, DsoMessages.Response(id, DnsRcode.NoError));
        Assert.Equal(PushEventKind.Subscribed, Event().Kind);
        return id;
    }

    private DnsHeader Take()
    {
        Assert.True(_session.TryTakeOutput(out ReadOnlyMemory<byte> message));
        Assert.True(DnsHeader.TryRead(message.Span, out DnsHeader header));
        Assert.Equal(DnsOpcode.Dso, header.Opcode);
        return header;
    }

    private void Hear(double seconds, byte[] message) => Assert.True(_session.HandleMessage(At(seconds), message));

    private PushEvent Event()
    {
        Assert.True(_session.TryTakeEvent(out PushEvent happened));
        return happened;
    }

    private DnsRecord Added()
    {
        PushEvent happened = Event();
        Assert.Equal(PushEventKind.Added, happened.Kind);
        return happened.Record!;
    }

    private void AssertNoEvent() => Assert.False(_session.TryTakeEvent(out _));

    private void AssertEnded(PushSessionEnd end, DnsRcode? rcode = null, TimeSpan retryAfter = default)
    {
        Assert.Equal(PushSessionState.Ended, _session.State);
        Assert.Equal(end, _session.End);
        PushEvent happened = Event();
        Assert.Equal((PushEventKind.Ended, retryAfter), (happened.Kind, happened.RetryAfter));
        if (rcode is not null) Assert.Equal(rcode, happened.Rcode);
        Assert.Null(_session.NextTimeout);
    }
}
