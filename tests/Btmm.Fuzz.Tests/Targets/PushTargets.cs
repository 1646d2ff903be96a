using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Fuzz.Tests.Targets;

internal static class PushTargets
{
    private static readonly DnsQuestion s_question = new(DnsName.Parse("a.example.net"), DnsType.TXT);
    private static readonly DnsRecord s_record = new(s_question.Name, 60, new TxtData("x"));

    internal static IEnumerable<FuzzTarget> All =>
    [
        new("dso", [.. Samples(), Push()], Dso),
        new("push-server", [.. Samples()], Server),
        new("push-client", [.. Samples(), Push()], Client),
    ];

    private static bool Dso(byte[] bytes)
    {
        if (DsoMessageView.TryRead(bytes, out DsoMessageView view) != DsoParseError.None || view.Primary is not { } tlv)
            return false;
        PushMessages.TryReadSubscribe(view, tlv, out _);
        PushMessages.TryReadUnsubscribe(view, tlv, out _);
        PushMessages.TryReadReconfirm(view, tlv, out _);
        DsoTimeouts.TryRead(view.DataOf(tlv), out _);
        var reader = new PushReader(view, tlv);
        while (reader.TryRead(out PushChange? change))
            _ = change.ToString();
        return true;
    }

    private static bool Server(byte[] bytes)
    {
        var session = new PushServerSession(TimeSpan.Zero);
        session.Establish();
        session.HandleMessage(TimeSpan.FromSeconds(1), PushMessages.Subscribe(7, s_question));
        PushRequest request = session.HandleMessage(TimeSpan.FromSeconds(2), bytes);
        _ = session.Deadline;
        return request != default;
    }

    private static bool Client(byte[] bytes)
    {
        var session = new PushClientSession(DsoTimeouts.Default);
        session.Start(TimeSpan.Zero);
        session.Subscribe(TimeSpan.Zero, s_question);
        bool isGood = session.HandleMessage(TimeSpan.FromSeconds(1), bytes);
        while (session.TryTakeOutput(out _) || session.TryTakeEvent(out _))
            _ = session.NextTimeout;
        return isGood;
    }

    private static IEnumerable<byte[]> Samples() =>
    [
        PushMessages.Subscribe(7, s_question), PushMessages.Unsubscribe(7), PushMessages.Reconfirm(s_record), DsoMessages.Keepalive(1, DsoTimeouts.Default, false, true),
    ];

    private static byte[] Push()
    {
        byte[] buffer = new byte[PushMessageWriter.MaxSize];
        var writer = new PushMessageWriter(buffer);
        Assert.True(writer.TryWrite(PushChange.Add(s_record)) && writer.TryWrite(PushChange.RemoveName(s_question.Name)));
        return buffer[..writer.Finish()];
    }
}
