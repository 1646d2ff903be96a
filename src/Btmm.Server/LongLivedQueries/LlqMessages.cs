using System.Buffers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Server.LongLivedQueries;

/// <summary>Writes the messages that a server sends for long-lived queries (RFC 8764 §5.2, §6). Holds no state.</summary>
internal static class LlqMessages
{
    /// <summary>The TTL that marks a record as gone: -1 (§6.2).</summary>
    internal const uint RemovedTtl = uint.MaxValue;

    private const int OptHeaderSize = 11;
    private const int OptionHeaderSize = 4;

    /// <summary>
    /// Writes a message: all questions, as many answers as fit, the additional records if all answers did, and the OPT record
    /// (§5.2.4). False when not even questions and OPT fit.
    /// </summary>
    /// <param name="buffer">Where to write; its length is the limit.</param>
    /// <param name="id">The message id.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="additional">Additional records.</param>
    /// <param name="options">The options, in the order of the questions.</param>
    /// <param name="mayTruncate">Whether answers that are missing set TC; else they follow as events.</param>
    /// <param name="written">Bytes written.</param>
    /// <param name="answersWritten">Answers written.</param>
    internal static bool TryWrite(
        Span<byte> buffer,
        ushort id,
        IReadOnlyList<DnsQuestion> questions,
        IReadOnlyList<DnsRecord> answers,
        IReadOnlyList<DnsRecord> additional,
        IReadOnlyList<EdnsOption> options,
        bool mayTruncate,
        out int written,
        out int answersWritten)
    {
        written = 0;
        answersWritten = 0;
        int optSize = OptHeaderSize + options.Sum(static option => OptionHeaderSize + option.DataLength);
        if (buffer.Length < DnsHeader.Size + optSize)
            return false;
        var writer = new DnsMessageWriter(buffer, optSize);
        foreach (DnsQuestion question in questions)
        {
            if (!writer.TryWriteQuestion(question))
                return false;
        }

        while (answersWritten < answers.Count && writer.TryWriteRecord(answers[answersWritten]))
            answersWritten++;
        int extra = 0;
        while (answersWritten == answers.Count && extra < additional.Count && writer.TryWriteRecord(additional[extra]))
            extra++;

        writer.ReleaseReserve();
        if (!writer.TryWriteRecord(new EdnsInfo([.. options]).ToRecord()))
            return false;
        DnsFlags truncated = mayTruncate && answersWritten < answers.Count ? DnsFlags.Truncated : 0;
        ushort bits = DnsHeader.Pack(DnsFlags.Response | DnsFlags.Authoritative | truncated, DnsOpcode.Query, DnsRcode.NoError);
        written = writer.Finish(new DnsHeader(id, bits, (ushort)questions.Count, (ushort)answersWritten, 0, (ushort)(extra + 1)));
        return true;
    }

    /// <summary>How long an event for a query may be, without its signature.</summary>
    internal static int EventRoom(LlqSession session)
    {
        int whole = session.Peer is null ? EdnsInfo.SafeUdpPayloadSize : DnsMessage.MaxSize;
        return whole - (session.Key?.SignatureSize ?? 0);
    }

    /// <summary>
    /// Writes an event, with message id and LLQ-ID 0, for as many changes as fit; a single change that is larger than a packet
    /// goes alone. The option is the last thing in it.
    /// </summary>
    internal static byte[] Event(DnsQuestion question, IReadOnlyList<DnsRecord> changes, int room, out int changesWritten)
    {
        LlqOption[] options = [new(LlqOpcode.Event, LlqError.NoError, 0, 0)];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsMessage.MaxSize);
        try
        {
            TryWrite(buffer.AsSpan(0, room), 0, [question], changes, [], options, mayTruncate: false, out int written, out changesWritten);
            if (changesWritten == 0)
                TryWrite(buffer.AsSpan(0, DnsMessage.MaxSize - MaxSignature), 0, [question], [changes[0]], [], options, mayTruncate: false, out written, out changesWritten);
            return buffer[..written];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Two names, a MAC and the fixed fields: what any signature takes at most.
    private const int MaxSignature = 1024;
}
