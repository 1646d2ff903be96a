using System.Net;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class StunExchangeTests
{
    private static readonly IPEndPoint s_server = IPEndPoint.Parse("203.0.113.53:3478");
    private static readonly IPEndPoint s_other = IPEndPoint.Parse("203.0.113.54:3479");
    private static readonly IPEndPoint s_client = IPEndPoint.Parse("198.51.100.7:40000");
    private static readonly byte[] s_id = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Fact, Trait("rfc", "8489§6.2.1")]
    public void Exchange_Unanswered_IsSentAgainAtDoublingIntervals()
    {
        StunExchange exchange = Start(new StunQuery(s_server));
        List<double> sent = [];
        while (exchange.Outcome is null)
        {
            TimeSpan now = sent.Count == 0 ? TimeSpan.Zero : exchange.NextTimeout!.Value;
            exchange.HandleTimeout(now);
            if (exchange.TryTakeOutput(new byte[64], out _)) sent.Add(now.TotalMilliseconds);
        }

        Assert.Equal([0, 250, 750], sent);
        Assert.Equal(new StunOutcome(StunOutcomeKind.NoAnswer, null, 3, TimeSpan.FromMilliseconds(1750)), exchange.Outcome);
        Assert.Null(exchange.NextTimeout);
    }

    [Fact, Trait("rfc", "8489§6.3.1")]
    public void Exchange_Answers_CountOnlyFromTheServerAndWithTheId()
    {
        StunExchange exchange = Start(new StunQuery(s_server));
        exchange.HandleDatagram(Ms(5), s_other, Answer(s_id));
        exchange.HandleDatagram(Ms(6), new IPEndPoint(s_server.Address, 3479), Answer(s_id));
        exchange.HandleDatagram(Ms(7), s_server, Answer([.. s_id[..11], 0]));
        exchange.HandleDatagram(Ms(8), s_server, []);
        Assert.Null(exchange.Outcome);
        byte[] wrong = Answer(s_id);
        wrong[^1] ^= 1;
        exchange.HandleDatagram(Ms(9), s_server, wrong);
        Assert.Null(exchange.Outcome);
        exchange.HandleDatagram(Ms(10), s_server, Answer(s_id));
        Assert.Equal((StunOutcomeKind.Answered, s_client, Ms(10)), (exchange.Outcome!.Kind, exchange.Outcome.Response!.MappedAddress, exchange.Outcome.Elapsed));
        exchange.HandleDatagram(Ms(11), s_server, Answer(s_id));
        exchange.HandleUnreachable(Ms(11));
        exchange.HandleTimeout(Ms(5000));
        Assert.Equal((StunOutcomeKind.Answered, Ms(10)), (exchange.Outcome.Kind, exchange.Outcome.Elapsed));
    }

    [Fact, Trait("rfc", "5780§7.2")]
    public void Exchange_WithAChange_IsAnsweredFromTheOtherAddressOnly()
    {
        StunExchange exchange = Start(new StunQuery(s_server) { Change = StunChange.Address | StunChange.Port, AnswerFrom = s_other });
        byte[] request = new byte[64];
        Assert.True(exchange.TryTakeOutput(request, out int length));
        Assert.True(StunRequest.TryParse(request.AsSpan(0, length), out StunRequest read));
        Assert.Equal(StunChange.Address | StunChange.Port, read.Change);
        exchange.HandleDatagram(Ms(5), s_server, Answer(s_id));
        Assert.Null(exchange.Outcome);
        exchange.HandleDatagram(Ms(6), s_other, Answer(s_id));
        Assert.Equal(StunOutcomeKind.Answered, exchange.Outcome!.Kind);
    }

    [Fact]
    public void Exchange_AnswerOfAnotherProtocol_EndsItAtTheNextTimerUnlessTheRightOneComes()
    {
        byte[] dns = [0, 1, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0];
        StunExchange exchange = Start(new StunQuery(s_server));
        exchange.HandleDatagram(Ms(5), s_server, dns);
        Assert.Null(exchange.Outcome);
        exchange.HandleTimeout(Ms(250));
        Assert.Equal((StunOutcomeKind.NotStun, 1), (exchange.Outcome!.Kind, exchange.Outcome.Tries));

        exchange = Start(new StunQuery(s_server));
        exchange.HandleDatagram(Ms(5), s_server, dns);
        exchange.HandleDatagram(Ms(6), s_server, Answer(s_id));
        Assert.Equal(StunOutcomeKind.Answered, exchange.Outcome!.Kind);
    }

    [Fact, Trait("rfc", "8489§6.3.4")]
    public void Exchange_ErrorAnswer_IsARefusalWithItsNumber()
    {
        byte[] message = new byte[64];
        var writer = new StunWriter(message, StunHeader.BindingError, s_id);
        Assert.True(writer.TryWrite(StunAttribute.ErrorCode, [0, 0, 4, 20]));
        int length = writer.Finish(withFingerprint: true);
        StunExchange exchange = Start(new StunQuery(s_server));
        exchange.HandleDatagram(Ms(5), s_server, message.AsSpan(0, length));
        Assert.Equal((StunOutcomeKind.Refused, 420), (exchange.Outcome!.Kind, exchange.Outcome.Response!.Error));
    }

    [Fact]
    public void Exchange_Unreachable_EndsAtOnce()
    {
        StunExchange exchange = Start(new StunQuery(s_server));
        exchange.HandleUnreachable(Ms(3));
        Assert.Equal((StunOutcomeKind.Unreachable, Ms(3)), (exchange.Outcome!.Kind, exchange.Outcome.Elapsed));
        Assert.False(exchange.TryTakeOutput(new byte[64], out _));
    }

    [Fact]
    public void Exchange_BufferTooSmall_TheRequestStaysDue()
    {
        StunExchange exchange = Start(new StunQuery(s_server));
        Assert.False(exchange.TryTakeOutput(new byte[10], out int none));
        Assert.Equal(0, none);
        Assert.True(exchange.TryTakeOutput(new byte[64], out int written));
        Assert.Equal(28, written);
        Assert.False(exchange.TryTakeOutput(new byte[64], out _));
    }

    private static StunExchange Start(StunQuery query) => new(TimeSpan.Zero, query, s_id);

    private static TimeSpan Ms(double value) => TimeSpan.FromMilliseconds(value);

    private static byte[] Answer(ReadOnlySpan<byte> id)
    {
        byte[] message = new byte[64];
        var writer = new StunWriter(message, StunHeader.BindingSuccess, id);
        writer.TryWriteMapped(s_client.Address.GetAddressBytes(), (ushort)s_client.Port);
        return message[..writer.Finish(withFingerprint: true)];
    }
}
