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
internal sealed class LlqHandler(ZoneDirectory zones, LlqTable table, ServiceClock clock, Action tableChanged)
{
    // Our own limit on questions in one message; no client has use for more.
    private const int MaxQuestions = 32;

    /// <summary>Whether a request is for this handler: over TCP the option is not for us, so the client sees a plain answer (§3).</summary>
    internal static bool Concerns(Request request) => !request.Origin.IsStream && Options(request.Edns).Any();

    /// <summary>
    /// Writes the answer into a buffer whose length is the limit. Returns a message to send instead when the request cannot be
    /// answered in this way, else null.
    /// </summary>
    internal DnsMessage? Handle(Request request, Span<byte> buffer, out int written)
    {
        written = 0;
        IReadOnlyList<DnsQuestion> questions = request.Message.Questions;
        if (questions.Count is 0 or > MaxQuestions)
            return request.Reply(DnsRcode.FormErr);
        if (!questions.All(question => MayAsk(request, question)))
            return request.Reply(DnsRcode.Refused);

        EdnsOption[] asked = [.. Options(request.Edns)];
        TimeSpan now = clock.Now;
        var replies = new LlqReply[questions.Count];
        for (int i = 0; i < replies.Length; i++)
            replies[i] = Answer(now, request, questions[i], asked.Length == replies.Length ? asked[i] as LlqOption : null);

        DnsRecord[] answers = [.. replies.SelectMany(static reply => reply.Answers)];
        LlqOption[] options = [.. replies.Select(static reply => reply.Option)];
        DnsRecord[] additional = Additional(replies);
        if (!LlqMessages.TryWrite(buffer, request.Message.Id, questions, answers, additional, options, out written, out int sent))
            return request.Reply(DnsRcode.ServFail);
        WithholdUnsent(now, replies, sent);
        tableChanged();
        return null;
    }

    /// <summary>Takes a response that a client sent: the acknowledgement of an event, or nothing.</summary>
    internal void HandleResponse(ReadOnlySpan<byte> bytes, RequestOrigin origin)
    {
        if (origin.IsStream || !DnsMessage.TryParse(bytes, out DnsMessage? message))
            return;
        var client = new LlqClient(origin.Client, origin.Listener);
        foreach (LlqOption option in Options(message.Edns).OfType<LlqOption>().Take(MaxQuestions))
        {
            if (option.Opcode == LlqOpcode.Event)
                table.Acknowledge(clock.Now, client, message.Id, option);
        }

        tableChanged();
    }

    private static IEnumerable<EdnsOption> Options(EdnsInfo? edns) =>
        edns is null ? [] : edns.Options.Where(static option => option.Code == LlqOption.OptionCode);

    private bool MayAsk(Request request, DnsQuestion question) =>
        zones.FindFor(question.Name) is { } zone && AccessPolicy.MayRead(zone, request.Key, question.Name, question.Type);

    private LlqReply Answer(TimeSpan now, Request request, DnsQuestion question, LlqOption? asked)
    {
        LlqOpcode opcode = asked?.Opcode ?? LlqOpcode.Setup;
        if (asked is null || !IsAllowed(question))
            return new LlqReply(new LlqOption(opcode, LlqError.FormatErr, 0, 0));
        if (asked.Version != LlqOption.CurrentVersion)
            return new LlqReply(new LlqOption(opcode, LlqError.BadVers, 0, 0));

        Zone? zone = zones.FindFor(question.Name);
        if (zone is null || request.Key is null || zone.Discovery.Contains(question.Name))
            return Static(zone, question, opcode);

        var client = new LlqClient(request.Origin.Client, request.Origin.Listener);
        switch (opcode, asked.Id)
        {
            case (LlqOpcode.Setup, 0):
                return new LlqReply(table.Challenge(now, client, question, request.Key, asked));
            case (LlqOpcode.Setup, _):
                LlqOption result = table.Establish(now, client, question, zone, request.Key, asked, out LlqSession? session);
                return new LlqReply(result) { Session = session, Zone = zone, Answers = session?.Known ?? [] };
            case (LlqOpcode.Refresh, _):
                return new LlqReply(table.Refresh(now, client, question, request.Key, asked));
            default:
                return new LlqReply(new LlqOption(opcode, LlqError.FormatErr, 0, 0));
        }
    }

    // What anybody may read changes with the service's configuration only: no state for that (§5.2.2).
    private static LlqReply Static(Zone? zone, DnsQuestion question, LlqOpcode opcode) =>
        new(new LlqOption(opcode, LlqError.Static, 0, 0)) { Zone = zone, Answers = zone?.Current.FindSet(question.Name, question.Type) ?? [] };

    // §5.2.1: not ANY, not class ANY or NONE; other meta types have no data either.
    private static bool IsAllowed(DnsQuestion question) =>
        question.Class == DnsClass.IN && question.Type is not (DnsType.None or DnsType.OPT) && (ushort)question.Type is < 128 or > 255;

    private static DnsRecord[] Additional(LlqReply[] replies)
    {
        var all = new QueryAnswer();
        foreach (LlqReply reply in replies)
        {
            if (reply.Zone is null || reply.Answers.Count == 0)
                continue;
            var one = new QueryAnswer();
            one.Answers.AddRange(reply.Answers);
            AdditionalRecords.Add(reply.Zone.Current, one);
            all.Additional.AddRange(one.Additional);
        }

        return [.. all.Additional.Distinct()];
    }

    private void WithholdUnsent(TimeSpan now, LlqReply[] replies, int sent)
    {
        int start = 0;
        foreach (LlqReply reply in replies)
        {
            int fitted = Math.Clamp(sent - start, 0, reply.Answers.Count);
            start += reply.Answers.Count;
            if (reply.Session is not null && fitted < reply.Answers.Count)
                table.Withhold(now, reply.Session, reply.Answers.Skip(fitted));
        }
    }
}
