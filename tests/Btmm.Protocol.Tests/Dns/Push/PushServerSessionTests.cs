using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Protocol.Tests.Dns.Push;

/// <summary>The server's end of a session, rule by rule (RFC 8490, RFC 8765).</summary>
public sealed class PushServerSessionTests
{
    private static readonly DnsQuestion s_question = new(DnsName.Parse("studio.alice.test"), DnsType.AAAA);
    private static readonly DnsRecord s_record = new(s_question.Name, 0, new AaaaData(IPAddress.Parse("fd00::1")));

    private readonly PushServerSession _session = new(At(0));

    [Fact]
    [Trait("rfc", "8490§7.1")]
    public void Keepalive_IsReadWithWhatItAsksFor()
    {
        var wanted = new DsoTimeouts(1, 2);
        Assert.Equal(new PushRequest(PushRequestKind.Keepalive, 5, Wanted: wanted), Hear(DsoMessages.Keepalive(5, wanted, isResponse: false)));
        Assert.False(_session.IsEstablished);
        Assert.True(Hear(DsoMessages.Keepalive(5, wanted, isResponse: false, isPadded: true)).IsPadded);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    [Trait("rfc", "8765§6.4.1")]
    public void Subscription_IsKnownUntilItIsEnded()
    {
        _session.Establish();
        Assert.Equal(new PushRequest(PushRequestKind.Subscribe, 7, s_question), Hear(PushMessages.Subscribe(7, s_question)));
        Assert.Equal(s_question, _session.Subscriptions[7]);
        Assert.Equal(new PushRequest(PushRequestKind.Unsubscribe, 7, s_question), Hear(PushMessages.Unsubscribe(7)));
        Assert.Equal(default, Hear(PushMessages.Unsubscribe(7)));
        Assert.Equal(PushRequestKind.Subscribe, Hear(PushMessages.Subscribe(7, s_question)).Kind);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    public void Subscription_ToTheSameInOtherCase_Aborts()
    {
        Hear(PushMessages.Subscribe(7, s_question));
        Assert.Equal(PushRequestKind.Abort, Hear(PushMessages.Subscribe(8, s_question with { Name = DnsName.Parse("STUDIO.alice.TEST") })).Kind);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    public void Subscription_WithAnIdInUse_Aborts()
    {
        Hear(PushMessages.Subscribe(7, s_question));
        Assert.Equal(PushRequestKind.Abort, Hear(PushMessages.Subscribe(7, s_question with { Type = DnsType.A })).Kind);
    }

    [Fact]
    public void Subscription_Dropped_MayBeAskedForAgain()
    {
        Hear(PushMessages.Subscribe(7, s_question));
        Assert.True(_session.Drop(7));
        Assert.False(_session.Drop(7));
        Assert.Equal(PushRequestKind.Subscribe, Hear(PushMessages.Subscribe(8, s_question)).Kind);
    }

    [Fact]
    [Trait("rfc", "8765§6.5")]
    public void Reconfirm_IsReadWithItsRecord()
    {
        _session.Establish();
        Assert.True(s_record.IsSameAs(Hear(PushMessages.Reconfirm(s_record)).Record!));
    }

    public static TheoryData<string, string> Fatal => new()
    {
        { "8490 5.4.1 response with id 0", "0000B0000000000000000000" },
        { "8490 5.5.2 response without request", "0009B0000000000000000000" },
        { "8490 5.4.5 unidirectional of unknown kind", "000030000000000000000000F8000000" },
        { "8490 5.4.3 unidirectional with counts", "000030000000000000000001F8000000" },
        { "8490 5.4.2 unidirectional without TLV", "000030000000000000000000" },
        { "8490 5.4.4 unidirectional TLV that overruns", "0000300000000000000000000042000300" },
        { "8490 7.1 Keepalive with id 0", "000030000000000000000000" + "00010008" + "00003A98" + "0036EE80" },
        { "8490 6.6.1 Retry Delay from a client", "000030000000000000000000" + "00020004" + "00003A98" },
        { "8490 6.6.1 Retry Delay request from a client", "000930000000000000000000" + "00020004" + "00003A98" },
        { "8765 6.2.1 SUBSCRIBE with id 0", "000030000000000000000000" + "00400005" + "0000010001" },
        { "8765 6.2 SUBSCRIBE response from a client", "0009B0000000000000000000" + "00400005" + "0000010001" },
        { "8765 6.3 PUSH from a client", "000030000000000000000000" + "0041000B" + "0000010001000000010000" },
        { "8765 6.3 PUSH request from a client", "000930000000000000000000" + "0041000B" + "0000010001000000010000" },
        { "8765 6.4 UNSUBSCRIBE with an id", "000930000000000000000000" + "004200020001" },
        { "8765 6.4 UNSUBSCRIBE of three bytes", "000030000000000000000000" + "00420003000100" },
        { "8765 6.4 UNSUBSCRIBE response", "0009B0000000000000000000" + "004200020001" },
        { "8765 6.5 RECONFIRM with an id", "000930000000000000000000" + "00430009" + "000001000101020304" },
        { "8765 6.5.1 RECONFIRM of type ANY", "000030000000000000000000" + "00430009" + "0000FF000101020304" },
        { "8765 6.5.1 two RECONFIRM TLVs", "000030000000000000000000" + "00430009" + "000001000101020304" + "00430009" + "000001000101020304" },
        { "a message shorter than a header", "00003000000000" },
    };

    [Theory, MemberData(nameof(Fatal))]
    [Trait("rfc", "8490§5.3.1")]
    [Trait("rfc", "8765§1.2")]
    public void Message_ThatMustNotBe_Aborts(string rule, string bytes)
    {
        _session.Establish();
        Assert.True(Hear(Convert.FromHexString(bytes)).Kind == PushRequestKind.Abort, rule);
    }

    [Theory]
    [InlineData("8490 5.4 counts", "000930000000000000000001" + "00010008" + "00003A98" + "0036EE80", DnsRcode.FormErr)]
    [InlineData("8490 5.4.6 an OPT record", "000930000000000000000001" + "0000291000000000000000", DnsRcode.FormErr)]
    [InlineData("8490 5.4.6 a TSIG record", "000930000000000000000001" + "0000FA00FF000000000000", DnsRcode.FormErr)]
    [InlineData("8490 5.4.2 no TLV", "000930000000000000000000", DnsRcode.FormErr)]
    [InlineData("8490 5.4.4 TLV that overruns", "000930000000000000000000" + "000100FF00", DnsRcode.FormErr)]
    [InlineData("8490 7.1 Keepalive of four bytes", "000930000000000000000000" + "00010004" + "00003A98", DnsRcode.FormErr)]
    [InlineData("8490 7.1 two Keepalives", "000930000000000000000000" + "00010008000075300036EE80" + "00010008000075300036EE80", DnsRcode.FormErr)]
    [InlineData("8490 5.4.5 unknown kind", "000930000000000000000000" + "F8000000", DnsRcode.DsoTypeNI)]
    [InlineData("8490 7.3 padding first", "000930000000000000000000" + "00030000", DnsRcode.DsoTypeNI)]
    [InlineData("8765 6.2.1 SUBSCRIBE without class", "000930000000000000000000" + "00400003" + "000001", DnsRcode.FormErr)]
    [InlineData("8765 6.2.1 SUBSCRIBE to two", "000930000000000000000000" + "00400005" + "0000010001" + "00400005" + "0000010001", DnsRcode.FormErr)]
    public void Request_ThatCannotBeWorkedOn_IsRejected(string rule, string bytes, DnsRcode rcode)
    {
        PushRequest request = Hear(Convert.FromHexString(bytes));
        Assert.True(request.Kind == PushRequestKind.Reject, rule);
        Assert.Equal((9, rcode), (request.Id, request.Rcode));
        Assert.Empty(_session.Subscriptions);
    }

    [Fact]
    [Trait("rfc", "8490§5.1")]
    public void Unidirectional_BeforeTheSession_Aborts() =>
        Assert.Equal(PushRequestKind.Abort, Hear(PushMessages.Unsubscribe(3)).Kind);

    [Fact]
    [Trait("rfc", "8490§5.4.5")]
    public void AdditionalTlv_Unknown_IsIgnored() =>
        Assert.Equal(PushRequestKind.Subscribe, Hear([.. PushMessages.Subscribe(7, s_question), 0xF8, 0, 0, 1, 9]).Kind);

    [Fact]
    [Trait("rfc", "8490§6.4.1")]
    [Trait("rfc", "8490§6.5.1")]
    public void Deadline_WithoutOperations_IsTwiceTheInactivityTimeoutButFiveSeconds()
    {
        Assert.Equal(At(30), _session.Deadline);
        _session.SetTimeouts(At(0), new DsoTimeouts(1000, 60_000));
        Assert.Equal(At(5), _session.Deadline);
        _session.SetTimeouts(At(0), new DsoTimeouts(uint.MaxValue, 60_000));
        Assert.Equal(At(120), _session.Deadline);
        _session.SetTimeouts(At(0), new DsoTimeouts(uint.MaxValue, uint.MaxValue));
        Assert.Null(_session.Deadline);
    }

    [Fact]
    [Trait("rfc", "8490§6.5.2")]
    public void Timeouts_WithAShortKeepalive_BecomeTenSeconds()
    {
        _session.SetTimeouts(At(0), new DsoTimeouts(0, 1));
        Assert.Equal(10_000u, _session.Timeouts.KeepaliveMilliseconds);
    }

    [Fact]
    [Trait("rfc", "8490§6.3")]
    public void Deadline_WithASubscription_IsTwiceTheKeepaliveInterval()
    {
        _session.SetTimeouts(At(0), new DsoTimeouts(1000, 60_000));
        _session.HandleMessage(At(10), PushMessages.Subscribe(7, s_question));
        Assert.Equal(At(130), _session.Deadline);
        _session.HandleMessage(At(100), DsoMessages.Keepalive(8, DsoTimeouts.Default, false));
        Assert.Equal(At(220), _session.Deadline);
        _session.NoteSent(At(150));
        Assert.Equal(At(270), _session.Deadline);
    }

    [Fact]
    [Trait("rfc", "8490§6.3")]
    public void Deadline_AfterAKeepaliveOnly_IsNotPutOff()
    {
        _session.HandleMessage(At(20), DsoMessages.Keepalive(8, DsoTimeouts.Default, false));
        _session.NoteSent(At(20), isKeepalive: true);
        Assert.Equal(At(30), _session.Deadline);
    }

    [Fact]
    [Trait("rfc", "8490§7.1.1")]
    public void Deadline_AfterTheTimeoutWasCut_LeavesTimeToClose()
    {
        _session.SetTimeouts(At(29), new DsoTimeouts(2000, 60_000));
        Assert.Equal(At(34), _session.Deadline);
    }

    [Fact]
    [Trait("rfc", "8490§6.6.1")]
    public void RetryDelay_Sent_IgnoresWhatComesAndWaitsFiveSeconds()
    {
        _session.EndSession(At(10));
        Assert.Equal(default, Hear(PushMessages.Subscribe(7, s_question)));
        Assert.Equal(default, Hear([1, 2, 3]));
        Assert.Equal(At(15), _session.Deadline);
    }

    [Fact]
    public void Messages_ChangedAtRandom_NeverThrow()
    {
        byte[][] good = [PushMessages.Subscribe(7, s_question), PushMessages.Unsubscribe(7), PushMessages.Reconfirm(s_record), DsoMessages.Keepalive(1, DsoTimeouts.Default, false, true)];
        _session.Establish();
        foreach (byte[] bad in good.SelectMany(Mutations.Truncations).Concat(Mutations.Random(good, 50_000, seed: 2)))
        {
            PushRequest request = _session.HandleMessage(At(1), bad);
            if (request.Kind == PushRequestKind.Subscribe) _session.Drop(request.Id);
        }
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private PushRequest Hear(byte[] message) => _session.HandleMessage(At(1), message);
}
