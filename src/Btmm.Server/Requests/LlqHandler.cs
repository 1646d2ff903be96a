using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Queries;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>
/// Answers requests that carry long-lived query options (RFC 8764 §5, §7), each question on its own, and takes the
/// acknowledgements of events, which are responses. Tells when there may be something new to send. Thread-safe.
/// </summary>
/// <param name="zones">The zones.</param>
/// <param name="table">The queries.</param>
/// <param name="clock">The clock.</param>
/// <param name="eventSocket">The datagram socket from which events of a query set up over a connection are sent.</param>
/// <param name="tableChanged">Wakes whoever sends events.</param>
internal sealed class LlqHandler(ZoneDirectory zones, LlqTable table, ServiceClock clock, Func<RequestOrigin, int> eventSocket, Action tableChanged)
{
    /// <summary>
    /// How much longer than its request an answer to an address that is not proven may be: a forged sender's victim gets no more
    /// than that. Set-up and refresh are as long as their answers; only answers to static questions come near it.
    /// </summary>
    internal const int MaxAmplification = 3;

    // Our own limit on questions in one message; no client has use for more.
    private const int MaxQuestions = 32;

    /// <summary>Whether a request is for this handler.</summary>
    internal static bool Concerns(in DnsRequestView request, in RequestOrigin origin, IStreamPeer? peer) =>
        request.TryFindOption(LlqOption.OptionCode, out _) && origin.IsStream == peer is not null;

    /// <summary>
    /// Writes the answer into a buffer whose length is the limit, or another limit as long as the sender's address is not proven.
    /// Returns a message to send instead when the request cannot be answered in this way, else null.
    /// </summary>
    internal DnsMessage? Handle(Request request, Span<byte> buffer, int unprovenLimit, out int written)
    {
        written = 0;
        IReadOnlyList<DnsQuestion> questions = request.Message.Questions;
        if (questions.Count is 0 or > MaxQuestions)
            return request.Reply(DnsRcode.FormErr);
        if (!questions.Any(question => MayAsk(request, question)))
            return request.Reply(DnsRcode.Refused);

        EdnsOption[] asked = [.. Options(request.Edns)];
        TimeSpan now = clock.Now;
        var replies = new LlqReply[questions.Count];
        for (int i = 0; i < replies.Length; i++)
            replies[i] = Answer(now, request, questions[i], asked.Length == replies.Length ? asked[i] as LlqOption : null);

        bool isProven = request.Origin.IsStream || replies.Any(static reply => reply.Session is not null);
        if (!isProven && unprovenLimit < buffer.Length)
            buffer = buffer[..Math.Max(0, unprovenLimit)];
        if (!TryWrite(request, replies, buffer, out written, out int sent))
            return request.Reply(DnsRcode.ServFail);
        WithholdUnsent(now, replies, sent);
        Signal();
        return null;
    }

    /// <summary>Takes a response that a client sent: the acknowledgement of an event, or nothing.</summary>
    internal void HandleResponse(ReadOnlySpan<byte> bytes, RequestOrigin origin)
    {
        // A connection needs no acknowledgements; a client that sends them all the same does no harm.
        if (origin.IsStream || !DnsMessage.TryParse(bytes, out DnsMessage? message))
            return;
        var client = new LlqClient(origin.Address, origin.Listener);
        foreach (LlqOption option in Options(message.Edns).OfType<LlqOption>().Take(MaxQuestions))
        {
            if (option.Opcode == LlqOpcode.Event)
                table.Acknowledge(clock.Now, client, message.Id, option);
        }

        Signal();
    }

    private static IEnumerable<EdnsOption> Options(EdnsInfo? edns) =>
        edns is null ? [] : edns.Options.Where(static option => option.Code == LlqOption.OptionCode);

    private void Signal()
    {
        if (table.TakeSignal())
            tableChanged();
    }

    private bool MayAsk(Request request, DnsQuestion question) =>
        zones.FindFor(question.Name) is { } zone && AccessPolicy.MayRead(zone, request.Key, question.Name, question.Type);

    private LlqReply Answer(TimeSpan now, Request request, DnsQuestion question, LlqOption? asked)
    {
        LlqOpcode opcode = asked?.Opcode ?? LlqOpcode.Setup;
        if (asked is null || !IsAllowed(question))
            return LlqReply.Failed(opcode, LlqError.FormatErr);
        if (asked.Version != LlqOption.CurrentVersion)
            return LlqReply.Failed(opcode, LlqError.BadVers);
        if (!MayAsk(request, question) || zones.FindFor(question.Name) is not { } zone)
            return LlqReply.Failed(opcode, LlqError.UnknownErr); // while others of the message may be asked
        if (zone.Discovery.Contains(question.Name))
            return Static(zone, question, opcode);
        return request.Peer is { } peer ? OverStream(now, request, peer, question, zone, asked) : ByDatagram(now, request, question, zone, asked);
    }

    private LlqReply ByDatagram(TimeSpan now, Request request, DnsQuestion question, Zone zone, LlqOption asked)
    {
        var client = new LlqClient(request.Origin.Address, request.Origin.Listener);
        switch (asked.Opcode, asked.Id)
        {
            case (LlqOpcode.Setup, 0):
                return new LlqReply(table.Challenge(now, client, question, request.Key, asked));
            case (LlqOpcode.Setup, _):
                LlqOption result = table.Establish(now, client, question, zone, request.Key, asked, out LlqSession? session);
                return new LlqReply(result) { Session = session, Zone = zone, Answers = session?.Known ?? [] };
            case (LlqOpcode.Refresh, _):
                return new LlqReply(table.Refresh(now, client, question, request.Key, asked));
            default:
                return LlqReply.Failed(asked.Opcode, LlqError.FormatErr);
        }
    }

    // The error field of a request is the port for events, 0 for the connection itself.
    private LlqReply OverStream(TimeSpan now, Request request, IStreamPeer peer, DnsQuestion question, Zone zone, LlqOption asked)
    {
        ushort port = (ushort)asked.Error;
        PeerAddress address = request.Origin.Address;
        LlqClient client = port == 0 ? new LlqClient(address, request.Origin.Listener) : new LlqClient(address with { Port = port }, eventSocket(request.Origin));
        IStreamPeer? stream = port == 0 ? peer : null;
        switch (asked.Opcode)
        {
            case LlqOpcode.Setup:
                LlqOption result = table.Open(now, client, stream, question, zone, request.Key, asked, out LlqSession? session);
                return new LlqReply(result) { Session = session, Zone = zone, Answers = session?.Known ?? [] };
            case LlqOpcode.Refresh:
                return new LlqReply(table.Refresh(now, client, stream, question, request.Key, asked));
            default:
                return LlqReply.Failed(asked.Opcode, LlqError.FormatErr);
        }
    }

    // What anybody may read changes with the service's configuration only: no state for that (§5.2.2).
    private static LlqReply Static(Zone zone, DnsQuestion question, LlqOpcode opcode) =>
        LlqReply.Failed(opcode, LlqError.Static) with { Zone = zone, Answers = zone.Live.FindSet(question.Name, question.Type) };

    // §5.2.1: not ANY, not class ANY or NONE; other meta types have no data either.
    private static bool IsAllowed(DnsQuestion question) =>
        question.Class == DnsClass.IN && question.Type is not (DnsType.None or DnsType.OPT) && (ushort)question.Type is < 128 or > 255;

    private static bool TryWrite(Request request, LlqReply[] replies, Span<byte> buffer, out int written, out int sent)
    {
        DnsRecord[] answers = [.. replies.SelectMany(static reply => reply.Answers)];
        LlqOption[] options = [.. replies.Select(static reply => reply.Option)];
        // Nothing follows a static answer: who wants the rest comes by TCP.
        bool mayTruncate = replies.Any(static reply => reply.Session is null && reply.Answers.Count > 0);
        return LlqMessages.TryWrite(
            buffer, request.Message.Id, request.Message.Questions, answers, Additional(request, replies), options, mayTruncate, out written, out sent);
    }

    private static DnsRecord[] Additional(Request request, LlqReply[] replies)
    {
        var all = new List<DnsRecord>();
        foreach (LlqReply reply in replies)
        {
            if (reply.Zone is null || reply.Answers.Count == 0)
                continue;
            var one = new QueryAnswer();
            one.Answers.AddRange(reply.Answers);
            AdditionalRecords.Add(reply.Zone.Live, new ZoneReader(reply.Zone, request.Key), one);
            all.AddRange(one.Additional);
        }

        return [.. all.Distinct()];
    }

    private void WithholdUnsent(TimeSpan now, LlqReply[] replies, int sent)
    {
        int start = 0;
        foreach (LlqReply reply in replies)
        {
            int fitted = Math.Clamp(sent - start, 0, reply.Answers.Count);
            start += reply.Answers.Count;
            if (reply.Session is not null && fitted < reply.Answers.Count)
                table.Withhold(now, reply.Session, [.. reply.Answers.Take(fitted)]);
        }
    }
}
